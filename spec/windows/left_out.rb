# frozen_string_literal: true

# What of the specs does not pass on Windows, or by wine, and why that is no fault of the library.
module LeftOut
  # Files that are not loaded, by reason.
  FILES = {
    "they want servers and clients, which are programs of Unix" => %w[
      spec/integration/protocols/*_spec.rb spec/integration/tls/openssl_spec.rb spec/integration/tls/programs_spec.rb
    ],
    "Ruby has no fork there" => %w[
      spec/integration/fork_spec.rb spec/integration/fork_descriptors_spec.rb spec/unit/loading_spec.rb
    ],
    "Ruby has no Unix sockets there" => %w[
      spec/integration/order_spec.rb spec/integration/passing_spec.rb spec/integration/serve_metrics_spec.rb
      spec/integration/top_spec.rb
    ],
    "Ruby has no clock for a thread's time there" => %w[spec/integration/gvl_spec.rb],
    "Windows has no terminals, other users and groups, or such signals" => %w[
      spec/integration/interrupt_spec.rb spec/integration/keyboard_spec.rb spec/integration/user_spec.rb
      spec/unit/em/signal_watch_spec.rb
    ],
    "the library watches no files, and attaches nothing but sockets there" => %w[
      spec/integration/file_watch_spec.rb spec/unit/em/directory_watch_spec.rb spec/unit/em/watch_spec.rb
    ]
  }.freeze

  # By what an error says.
  ERRORS = {
    "the library does not support it there" => /is not supported on this platform|has no SO_REUSEPORT/,
    "Ruby has no fork, mkfifo or Unix sockets there" => /
      NotImplementedError | EAFNOSUPPORT:\ .*socket | OS\ Error\ 10047 | string\ contains\ null\ byte
      | is\ not\ for\ a\ stream\ socket | Socket::AncillaryData
    /x,
    "Ruby has no such constants or signals there" => /
      constant\ Fcntl::F_GETFL | no\ signal\ to\ watch:\ "USR | unsupported\ signal | wrong\ exec\ option\ symbol
      | unknown\ TCP\ level\ option\ name:\ INFO
    /x,
    "Ruby is built without fiddle there, which win32/resolv takes" => %r{cannot load such file -- (?:fiddle|win32/)},
    "there are no programs of Unix" => %r{
      program\ not\ found\ -\ CreateProcess | Path\ not\ found\.\ -\ CreateProcess
      | No\ such\ file\ or\ directory\ -\ (?:true|read\ line|sh|curl|openssl) | apply2files\ -\ \S+/em-popen
    }x,
    "wine has no raw sockets, and no interface lo" => /EPROTONOSUPPORT|no network interface "lo"/,
    "what is open cannot be made shorter" => /Permission denied @ (?:rb_file_s_truncate|apply2files)/,
    "paths are UTF-8, and Ruby opens no others there" => /is not UTF-8|(?:argument|directory) @ rb_sysopen - d/,
    "/proc is not this system's" => %r{ - /proc/}
  }.freeze

  # By the beginning of a path and a description.
  EXAMPLES = {
    # TCPSocket#readpartial raises ECONNRESET there, too, where a peer has written and then reset, and so does that of
    # OpenSSL::SSL::SSLSocket where the peer has not read its session tickets.
    "Winsock drops what arrived before a reset, and numbers failed writes otherwise" => [
      "integration/write_failure_spec.rb", "integration/peer_left_spec.rb",
      "integration/tls/draining_spec.rb TLS connections at their end tell the last words of a peer that",
      "integration/tls/draining_spec.rb TLS connections at their end tell what came before a write fails",
      "integration/tls/semantics_spec.rb Connections under TLS before the handshake is done drop what is queued",
      "integration/closing_spec.rb What is sent before close_connection arrives before an end"
    ],
    # TCPServer#accept of one gives a socket with an empty address there, too.
    "wine has no address for a connection that was reset before it was accepted" => [
      "integration/tcp_spec.rb TCP knows who an accepted connection was from when the peer has reset it"
    ],
    # UDPSocket#send takes 0.9 ms there.
    "wine sends a thousand datagrams in a second, which is too few for so many" => [
      "integration/datagram_share_spec.rb Many datagrams of few bytes go out in several turns as well",
      "integration/datagram_share_spec.rb Many datagrams do not keep others from what they have to tell",
      "integration/datagram_share_spec.rb Many datagrams go out in several turns, 256 KiB in each at most"
    ],
    "Windows does not tell when a peer has all, so a connection stays until its peer ends it" => [
      "integration/graceful_stop_spec.rb EventMachine.stop_gracefully answers who waits in the backlog",
      "integration/graceful_stop_spec.rb EventMachine.stop_gracefully has requests answered before the end",
      "integration/graceful_stop_spec.rb EventMachine.stop_gracefully leaves it to a handler",
      "integration/graceful_stop_spec.rb EventMachine.stop_gracefully writes what waits for a slow reader"
    ],
    # Its Ruby lets the string grow by few bytes at a time, and wine's realloc copies it each time.
    "by wine IO#read of ten megabytes takes more than a minute" => [
      "integration/back_pressure_spec.rb Back-pressure pause_when_full loses nothing",
      "integration/half_close_spec.rb A half-close through proxies follows much data",
      "integration/half_close_spec.rb A half-close through proxies of the backend leaves"
    ],
    # Nor has it all that wine's send() has taken: see docs/compatibility.md.
    "what closes after writing waits for its peer for five seconds there, in which it has not read all by wine" => [
      "integration/draining_spec.rb"
    ],
    "wine tells of what is ready a while later, and not in the order in which it came" => [
      "integration/receive_eof_spec.rb A half-close ends when both sides have",
      "integration/slow_neighbours_spec.rb Slow neighbours delay it by one callback"
    ],
    # An echo takes 0.5 ms with 20 sockets, 3 with 200, and 5 with 800.
    "by wine an event takes the longer the more sockets there are" => [
      "integration/tls/hostile_spec.rb TLS against spoilt input takes records that are split at each byte"
    ],
    "there are no Unix sockets there" => [
      "integration/tls/starttls_spec.rb TLS in mid-stream begins on both ends of a connection of Unix sockets",
      "integration/tls/starttls_spec.rb TLS in mid-stream begins on Unix sockets"
    ],
    "Ruby has no fork there, which a program of the example takes" => [
      "unit/em/threaded_resource_spec.rb EventMachine::ThreadedResource works in a forked child"
    ],
    # UDPSocket#recv_nonblock of one that is connected to a free port finds nothing there.
    "wine does not tell that a datagram was for nowhere" => ["integration/packet_info_spec.rb"],
    "the two sockets that the example takes are of TCP there, which holds more, and joins what is sent" => [
      "integration/held_back_spec.rb", "integration/write_order_spec.rb The order of writing in frames",
      "integration/back_pressure_kinds_spec.rb Back-pressure holds back attached",
      "integration/back_pressure_kinds_spec.rb Back-pressure is told of attached",
      "integration/back_pressure_kinds_spec.rb Back-pressure holds back tcp for attached",
      "integration/back_pressure_kinds_spec.rb Back-pressure holds back tls for attached"
    ],
    "pipes, files or programs of Unix are what the example takes" => [
      "integration/errors_spec.rb Exceptions from the unbind of an attached IO",
      "integration/making_spec.rb What another thread opens",
      "unit/em/child_watch_spec.rb EventMachine::ChildWatch EventMachine.spawn runs a command",
      "integration/names_spec.rb A name by EventMachine.resolve leaves no thread",
      "integration/servers_spec.rb A server that systemd has opened"
    ],
    "the system has no timerfd, or watches processes" => [
      "unit/em/wall_timer_spec.rb EventMachine::WallTimer",
      "unit/em/child_watch_spec.rb EventMachine::ChildWatch says so where processes cannot be watched"
    ],
    "descriptors have other numbers, and errors other words" => [
      "integration/regressions_spec.rb Regressions an IO object that was closed behind",
      "integration/send_file_spec.rb Sent files by send_file_data are refused with an IOError",
      "integration/send_file_spec.rb Sent files EventMachine::FastFileReader::Mapper refuses what cannot be read",
      "integration/bad_input_spec.rb Bad input EventMachine.start_server says which address is in use",
      "integration/bad_input_spec.rb Bad input EventMachine.start_server refuses a path",
      "integration/bad_input_spec.rb Bad input EventMachine.connect names the socket that is missing",
      "integration/bad_input_spec.rb Bad input Limits are numbers"
    ]
  }.freeze

  module_function

  # @param example [RSpec::Core::Example] one that failed
  # @return [String, nil]
  def reason(example)
    error = example.exception
    by_error("#{error.class}: #{error.message}") || by_name("#{example.file_path} #{example.full_description}")
  end

  def by_error(text)
    ERRORS.find { |_, pattern| pattern.match?(text) }&.first
  end

  def by_name(text)
    EXAMPLES.find { |_, names| names.any? { |name| text.delete_prefix("./spec/").start_with?(name) } }&.first
  end
end
