# frozen_string_literal: true

require "socket"
# Applications use these without requiring them, because this library has always loaded them.
require "timeout"
autoload :Resolv, "resolv"
autoload :SecureRandom, "securerandom"
require_relative "em/loader"

# A reactor: an event loop for network connections, timers, child processes and files, which calls methods of
# objects when something happens. {run} starts the loop. {start_server} and {connect} create connections; see
# {Connection}.
module EventMachine
end

# Short for EventMachine.
EM = EventMachine

require_relative "em/version"
require_relative "em/errors"
require_relative "em/constants"
require_relative "em/resolution"
require_relative "em/reactor"
require_relative "em/fork"
require_relative "em/ticks"
require_relative "em/threadpool"
require_relative "em/scheduling"
require_relative "em/handlers"
require_relative "em/server_options"
require_relative "em/servers"
require_relative "em/inherited_sockets"
require_relative "em/cluster"
require_relative "em/connecting"
require_relative "em/datagrams"
require_relative "em/descriptors"
require_relative "em/proxying"
require_relative "em/settings"
require_relative "em/dispatch"
require_relative "em/connection"
require_relative "em/flow_control"
require_relative "em/callback"
require_relative "em/deferrable"
require_relative "em/future"
require_relative "em/timers"
require_relative "em/messages"
require_relative "em/queue"
require_relative "em/channel"
require_relative "em/file_watch"
require_relative "em/process_watch"
require_relative "em/tick_loop"
require_relative "em/streamer"
require_relative "em/io_streamer"
require_relative "em/spawnable"
require_relative "em/processes"
require_relative "em/iterator"
require_relative "em/pool"
require_relative "em/completion"
require_relative "em/threaded_resource"
require_relative "em/buftok"
require_relative "em/dns"
require_relative "em/protocols"
require_relative "em/library_info"
require_relative "em/fiber"
require_relative "em/graceful_stop"
require_relative "em/stream/serve"
require_relative "em/watch"
require_relative "em/wall_timer"
require_relative "em/wall_timers"
require_relative "em/signal_watch"
require_relative "em/child_watch"
require_relative "em/directory_watch"
require_relative "em/readiness_watch"
require_relative "em/hooks"
require_relative "em/debug" if %w[1 true].include?(ENV["EM_DEBUG"])
