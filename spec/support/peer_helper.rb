# frozen_string_literal: true

require "socket"
require "tmpdir"

# Peers outside the reactor, which read and write by calls that block.
module PeerHelper
  # Starts a server in the reactor.
  #
  # @return [Integer] its port
  def serve(handler = EventMachine::Connection, *args, &block)
    port_of(EventMachine.start_server("127.0.0.1", 0, handler, *args, &block))
  end

  # @param signature [Integer] of a server or a datagram socket
  def port_of(signature)
    Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).first
  end

  # @return [String] the path of a socket in a directory that goes with the example
  def socket_path
    @socket_directory ||= Dir.mktmpdir("em-peer")
    File.join(@socket_directory, "socket")
  end

  # Runs the reactor for as long as the work of a peer takes, in a thread of its own.
  #
  # @yield in the reactor
  # @yieldreturn [Proc] the work
  # @return [Object] what the work comes to; where the system refuses a call, the exception's class
  def beside
    outcome = thread = nil
    em do
      work = yield
      thread = Thread.new do
        outcome = attempt(&work)
        EventMachine.stop
      end
    end
    outcome
  ensure
    thread&.kill
  end

  # @return [Object] what the block returns, or the class of the error that the system gave
  def attempt
    yield
  rescue SystemCallError, EOFError => e
    e.class
  end

  # Calls the block when the loop has gone round so many times, so that all is told that was ready before.
  def after_turns(count = 5, &block)
    count.zero? ? yield : EventMachine.next_tick { after_turns(count - 1, &block) }
  end

  # A socket that takes little without being read from.
  def connect_narrowly(port)
    socket = Socket.new(:INET, :STREAM)
    socket.setsockopt(:SOCKET, :RCVBUF, 4096)
    socket.connect(Addrinfo.tcp("127.0.0.1", port))
    socket
  end

  # The IO of a descriptor that was detached: the one that was attached, where there is one, since a second would
  # close the number once more when it is collected, whatever that stands for by then.
  #
  # @return [IO]
  def io_of(number)
    known = ObjectSpace.each_object(IO).find { |io| number_of(io) == number }
    known || IO.for_fd(number)
  end

  def number_of(io)
    io.fileno
  rescue IOError
    nil
  end

  # A handler that notes what happens to its connections, and does what it is told then.
  #
  # @param log [Array] receives `:post_init`, `:connection_completed`, the data as it comes, and
  #   `[:unbind, reason]`
  # @param doings [Hash{Symbol => Proc}] called on the connection
  # @return [Module]
  def noting(log, **doings)
    Module.new do
      define_method(:note) do |event, entry, *details|
        log << entry
        instance_exec(*details, &doings[event]) if doings[event]
      end
      private :note
      define_method(:post_init) { note(:post_init, :post_init) }
      define_method(:connection_completed) { note(:connection_completed, :connection_completed) }
      define_method(:receive_data) { |data| note(:receive_data, data, data) }
      define_method(:unbind) { |reason| note(:unbind, [:unbind, reason], reason) }
    end
  end

  def remove_socket_path
    FileUtils.remove_entry(@socket_directory) if @socket_directory
  end
end

RSpec.configure do |config|
  config.include(PeerHelper)
  config.after { remove_socket_path }
end
