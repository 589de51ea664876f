# frozen_string_literal: true

# No program loads this file. It documents what the native library defines, for YARD, which does not read
# Rust.
module EventMachine
  # A connection or a datagram could not be made or sent: the message has the reason.
  class ConnectionError < RuntimeError; end

  # An event is for a connection that `@conns` does not know.
  class ConnectionNotBound < RuntimeError; end

  # A key, certificate or parameter of TLS cannot be read, or key and certificate do not belong together.
  class InvalidPrivateKey < RuntimeError; end

  # There is no watch of the signature given.
  class InvalidSignature < RuntimeError; end

  # A connection was accepted by a server that `@acceptors` does not know.
  class NoHandlerForAcceptedConnection < RuntimeError; end

  # A timer was due that `@timers` does not know.
  class UnknownTimerFired < RuntimeError; end

  # The platform lacks what was asked for.
  class Unsupported < RuntimeError; end

  # Subclasses of SystemCallError by their numbers.
  ERRNOS = { 1 => Errno::EPERM }.freeze

  # Event of {event_callback}.
  TimerFired = 100

  # Event of {event_callback}.
  ConnectionData = 101

  # Event of {event_callback}.
  ConnectionUnbound = 102

  # Event of {event_callback}.
  ConnectionAccepted = 103

  # Event of {event_callback}.
  ConnectionCompleted = 104

  # Event of {event_callback}.
  LoopbreakSignalled = 105

  # Event of {event_callback}.
  ConnectionNotifyReadable = 106

  # Event of {event_callback}.
  ConnectionNotifyWritable = 107

  # Event of {event_callback}.
  SslHandshakeCompleted = 108

  # Event of {event_callback}.
  SslVerify = 109

  # Protocol of TLS, for {set_tls_parms}.
  EM_PROTO_SSLv2 = 2

  # Protocol of TLS, for {set_tls_parms}.
  EM_PROTO_SSLv3 = 4

  # Protocol of TLS, for {set_tls_parms}.
  EM_PROTO_TLSv1 = 8

  # Protocol of TLS, for {set_tls_parms}.
  EM_PROTO_TLSv1_1 = 16

  # Protocol of TLS, for {set_tls_parms}.
  EM_PROTO_TLSv1_2 = 32

  # Protocol of TLS, for {set_tls_parms}.
  EM_PROTO_TLSv1_3 = 64

  # The TLS library that is built in, and the version of OpenSSL whose options it takes.
  OPENSSL_LIBRARY_VERSION = "rustls"

  # The same as {OPENSSL_LIBRARY_VERSION}.
  OPENSSL_VERSION = OPENSSL_LIBRARY_VERSION

  # Whether SSLv2 is not there.
  OPENSSL_NO_SSL2 = true

  # Whether SSLv3 is not there.
  OPENSSL_NO_SSL3 = true

  class << self
    # @!group The loop

    # @!method initialize_event_machine
    #   Makes a loop. {run} does this.
    #   @return [nil]
    #   @raise [RuntimeError] when there is one

    # @!method run_machine
    #   Runs the loop until {stop} is called. {run} does this, and what is to be done before and after.
    #   @return [nil]
    #   @raise [Exception] what a callback raised
    #   @raise [RuntimeError] when no reactor runs

    # @!method run_machine_without_threads
    #   The same as {run_machine}.
    #   @return [nil]
    #   @raise [Exception] what a callback raised

    # @!method run_machine_once
    #   Runs one turn of the loop, which waits until there is something to do.
    #   @return [Boolean] false once the loop is stopped
    #   @raise [RuntimeError] when no reactor runs

    # @!method release_machine
    #   Unbinds every connection and takes the loop away. {run} does this.
    #   @return [nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method stop
    #   Ends the loop once the callback that is running has returned; see {run} for what follows. May be
    #   called from any thread and from a signal handler.
    #   @return [nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method stopping?
    #   Whether {stop} was called and the loop has not yet ended.
    #   @return [Boolean]
    #   @raise [RuntimeError] when no reactor runs

    # @!method signal_loopbreak
    #   Has the loop call {run_deferred_callbacks} on its next turn. {next_tick} and {defer} do this.
    #   @return [nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method current_time
    #   The time at which the present turn of the loop began; asking for it costs no system call.
    #   @return [Time]
    #   @raise [RuntimeError] when no reactor runs

    # @!method library_type
    #   Kind of the library, as upstream's: programs compare it.
    #   @return [Symbol] `:extension`

    # @!group Timers

    # @!method add_timer(seconds = nil, callback = nil, &block)
    #   Calls something once, after an interval.
    #   @param seconds [Numeric] the interval; one that is not positive is over on the next turn
    #   @param callback [#call, nil] what to call; wins over the block
    #   @return [Integer, nil] the timer's signature, for {cancel_timer}; nil when there is nothing to call
    #   @raise [FloatDomainError] when the interval is infinite or not a number
    #   @raise [RuntimeError] when no reactor runs, or {get_max_timers} timers are outstanding

    # @!method cancel_timer(timer)
    #   Keeps a timer from firing. One that has fired or was cancelled is left alone.
    #   @param timer [Integer, Timer, PeriodicTimer] what {add_timer} or {add_periodic_timer} returned
    #   @return [Object] false when a signature's timer was cancelled, nil when there is none; what the
    #     `cancel` of a timer object returns

    # @!method add_oneshot_timer(milliseconds)
    #   Starts a timer. When it is due, what `@timers` holds for its signature is called; {add_timer} puts it
    #   there.
    #   @param milliseconds [Numeric]
    #   @return [Integer] signature
    #   @raise [RuntimeError] when no reactor runs, or too many timers are outstanding

    # @!method cancel_oneshot_timer(signature)
    #   Removes a timer. {cancel_timer} does this.
    #   @param signature [Integer] the timer's
    #   @return [Boolean] false where it has fired or was removed
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_timer_count
    #   How many timers are outstanding.
    #   @return [Integer]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_max_timer_count
    #   See {get_max_timers}.
    #   @return [Integer]

    # @!method set_max_timer_count(count)
    #   See {set_max_timers}.
    #   @param count [Integer]
    #   @return [Integer] the count
    #   @raise [ArgumentError] unless it is positive

    # @!method set_timer_quantum(milliseconds)
    #   See {set_quantum}.
    #   @param milliseconds [Integer]
    #   @return [Integer]
    #   @raise [ArgumentError] unless it is positive

    # @!method get_heartbeat_interval
    #   See {heartbeat_interval}.
    #   @return [Float] seconds
    #   @raise [RuntimeError] when no reactor runs

    # @!method set_heartbeat_interval(seconds)
    #   See {heartbeat_interval=}.
    #   @param seconds [Float]
    #   @return [Boolean] false, and nothing changed, unless it is positive
    #   @raise [RuntimeError] when no reactor runs

    # @!group Servers and connections

    # @!method start_tcp_server(host, port)
    #   Listens. {start_server} does this, and enters what connections are made of into `@acceptors`.
    #   @param host [String] address or name
    #   @param port [Integer, String] 0 for any that is free
    #   @return [Integer] signature
    #   @raise [RuntimeError] when the address cannot be had: "no acceptor" and the reason

    # @!method start_unix_server(path)
    #   Listens on a Unix domain socket, as {start_tcp_server}.
    #   @param path [String]
    #   @return [Integer] signature
    #   @raise [RuntimeError] when the path cannot be had: "no unix-domain acceptor" and the reason

    # @!method attach_sd(descriptor)
    #   Accepts connections from a socket that listens already. {attach_server} does this.
    #   @param descriptor [Integer]
    #   @return [Integer] signature
    #   @raise [SystemCallError] when it is nothing that can be polled

    # @!method stop_tcp_server(signature)
    #   Ends a server. {stop_server} does this.
    #   @param signature [Integer] the server's
    #   @return [nil]
    #   @raise [RuntimeError] when there is no such server

    # @!method connect_server(host, port)
    #   Opens a connection. {connect} does this, and enters the object for it into `@conns`.
    #   @param host [String] address or name
    #   @param port [Integer, String]
    #   @return [Integer] signature
    #   @raise [ConnectionError] when the address makes no sense or cannot be resolved

    # @!method bind_connect_server(bind_host, bind_port, host, port)
    #   As {connect_server}, from a local address of one's choice.
    #   @param bind_host [String]
    #   @param bind_port [Integer]
    #   @param host [String]
    #   @param port [Integer, String]
    #   @return [Integer] signature
    #   @raise [ConnectionError] also when the local address cannot be had

    # @!method connect_unix_server(path)
    #   Opens a connection to a Unix domain socket.
    #   @param path [String]
    #   @return [Integer] signature
    #   @raise [RuntimeError] when nothing listens there

    # @!method send_data(signature, data, size)
    #   See {Connection#send_data}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param data [String]
    #   @param size [Integer] how many of its bytes
    #   @return [Integer] how many were queued; 0 when the connection is closing, -1 when it is closed
    #   @raise [RuntimeError] when no reactor runs

    # @!method close_connection(signature, after_writing)
    #   See {Connection#close_connection}, which calls this. An unknown signature is ignored.
    #   @param signature [Integer] the connection's
    #   @param after_writing [Boolean] whether to send what is queued first
    #   @return [nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method pause_connection(signature)
    #   See {Connection#pause}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Boolean] whether anything changed
    #   @raise [RuntimeError] when no reactor runs

    # @!method resume_connection(signature)
    #   See {Connection#resume}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Boolean] whether anything changed
    #   @raise [RuntimeError] when no reactor runs

    # @!method connection_paused?(signature)
    #   See {Connection#paused?}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Boolean]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_connection_count
    #   See {connection_count}.
    #   @return [Integer]
    #   @raise [RuntimeError] when no reactor runs

    # @!method num_close_scheduled
    #   How many connections are to be closed when what they have queued is sent.
    #   @return [Integer]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_idle_time(signature)
    #   See {Connection#get_idle_time}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Float, nil] seconds
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_comm_inactivity_timeout(signature)
    #   See {Connection#comm_inactivity_timeout}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Float] seconds
    #   @raise [RuntimeError] when no reactor runs

    # @!method set_comm_inactivity_timeout(signature, seconds)
    #   See {Connection#comm_inactivity_timeout=}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param seconds [Float]
    #   @return [Boolean] whether it was set
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_pending_connect_timeout(signature)
    #   See {Connection#pending_connect_timeout}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Float] seconds
    #   @raise [RuntimeError] when no reactor runs

    # @!method set_pending_connect_timeout(signature, seconds)
    #   See {Connection#pending_connect_timeout=}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param seconds [Float]
    #   @return [Boolean] whether it was set
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_simultaneous_accept_count
    #   How many connections a server accepts before others have their turn. Default: 10.
    #   @return [Integer]

    # @!method set_simultaneous_accept_count(count)
    #   Sets {get_simultaneous_accept_count}, also of servers that run.
    #   @param count [Integer]
    #   @return [Integer] the count
    #   @raise [ArgumentError] unless it is positive

    # @!group Sockets

    # @!method get_peername(signature)
    #   See {Connection#get_peername}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [String, nil] packed
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_sockname(signature)
    #   See {Connection#get_sockname}, which calls this. It takes a server's signature as well.
    #   @param signature [Integer]
    #   @return [String, nil] packed
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_sock_opt(signature, level, option)
    #   See {Connection#get_sock_opt}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param level [Integer]
    #   @param option [Integer]
    #   @return [String] packed
    #   @raise [SystemCallError]
    #   @raise [RuntimeError] when there is no such connection

    # @!method set_sock_opt(signature, level, option, value)
    #   See {Connection#set_sock_opt}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param level [Integer]
    #   @param option [Integer]
    #   @param value [Boolean, Integer, String]
    #   @return [Integer] 0
    #   @raise [SystemCallError]
    #   @raise [RuntimeError] when there is no such connection

    # @!method report_connection_error_status(signature)
    #   See {Connection#error?}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Integer] the errno that the socket has pending, 0 for none, -1 when there is no such
    #     connection
    #   @raise [RuntimeError] when no reactor runs

    # @!group Datagrams

    # @!method open_udp_socket(host, port)
    #   Opens a socket for datagrams. {open_datagram_socket} does this.
    #   @param host [String]
    #   @param port [Integer]
    #   @return [Integer] signature
    #   @raise [RuntimeError] when the address cannot be had: "no datagram socket" and the reason

    # @!method send_datagram(signature, data, size, host, port)
    #   See {Connection#send_datagram}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param data [String]
    #   @param size [Integer] how many of its bytes
    #   @param host [String]
    #   @param port [Integer]
    #   @return [Integer] how many bytes
    #   @raise [ConnectionError] when it cannot be sent

    # @!group Descriptors

    # @!method attach_fd(descriptor, watch_mode)
    #   Takes a descriptor over. {attach} and {watch} do this, and enter the object for it into `@conns`.
    #   @param descriptor [Integer]
    #   @param watch_mode [Boolean] whether it is only watched
    #   @return [Integer] signature
    #   @raise [SystemCallError] when it is none that can be polled

    # @!method detach_fd(signature)
    #   See {Connection#detach}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Integer] the descriptor
    #   @raise [RuntimeError] when there is no such connection

    # @!method get_file_descriptor(signature)
    #   The descriptor of a connection, which stays the reactor's.
    #   @param signature [Integer] the connection's
    #   @return [Integer]
    #   @raise [RuntimeError] when there is no such connection

    # @!method watch_only?(signature)
    #   See {Connection#watch_only?}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Boolean]
    #   @raise [RuntimeError] when no reactor runs

    # @!method is_notify_readable(signature)
    #   See {Connection#notify_readable?}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Boolean]
    #   @raise [RuntimeError] when no reactor runs

    # @!method is_notify_writable(signature)
    #   See {Connection#notify_writable?}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Boolean]
    #   @raise [RuntimeError] when no reactor runs

    # @!method set_notify_readable(signature, mode)
    #   See {Connection#notify_readable=}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param mode [Boolean]
    #   @return [nil]
    #   @raise [RuntimeError] when the connection is not only watched

    # @!method set_notify_writable(signature, mode)
    #   See {Connection#notify_writable=}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param mode [Boolean]
    #   @return [nil]
    #   @raise [RuntimeError] when the connection is not only watched

    # @!method read_keyboard
    #   Takes standard input over. {open_keyboard} does this.
    #   @return [Integer] signature
    #   @raise [RuntimeError] when no reactor runs

    # @!group Proxies

    # @!method start_proxy(from, to, bufsize, length)
    #   See {enable_proxy}, which calls this.
    #   @param from [Integer] signature of what is read
    #   @param to [Integer] signature of what is written
    #   @param bufsize [Integer] bytes
    #   @param length [Integer] bytes
    #   @return [nil]
    #   @raise [ArgumentError] when a number is negative

    # @!method stop_proxy(from)
    #   See {disable_proxy}, which calls this.
    #   @param from [Integer] signature of what is read
    #   @return [nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_proxied_bytes(from)
    #   See {Connection#get_proxied_bytes}, which calls this.
    #   @param from [Integer] signature of what is read
    #   @return [Integer]
    #   @raise [RuntimeError] when no reactor runs

    # @!group Files and processes

    # @!method send_file_data(signature, filename)
    #   See {Connection#send_file_data}, which calls this.
    #   @param signature [Integer] the connection's
    #   @param filename [String]

    # @!method watch_filename(filename)
    #   See {watch_file}, which calls this.
    #   @param filename [String]
    #   @return [Integer] signature
    #   @raise [Unsupported] when the file cannot be watched

    # @!method unwatch_filename(signature)
    #   See {FileWatch#stop_watching}, which calls this.
    #   @param signature [Integer] the watch's
    #   @return [nil]
    #   @raise [InvalidSignature] when it has ended before

    # @!method watch_pid(pid)
    #   See {watch_process}, which calls this.
    #   @param pid [Integer]
    #   @return [Integer] signature
    #   @raise [Unsupported] when the process cannot be watched

    # @!method unwatch_pid(signature)
    #   See {ProcessWatch#stop_watching}, which calls this.
    #   @param signature [Integer] the watch's
    #   @return [nil]
    #   @raise [InvalidSignature] when it has ended before

    # @!method invoke_popen(arguments)
    #   Starts a child process. {popen} does this.
    #   @param arguments [Array<String>] the program, and what it is given for its arguments, its own name
    #     first
    #   @return [Integer] signature
    #   @raise [RuntimeError] when there is nothing to start

    # @!method get_subprocess_pid(signature)
    #   See {Connection#get_pid}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Integer, nil]

    # @!method get_subprocess_status(signature)
    #   See {Connection#get_status}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Process::Status, nil]

    # @!group TLS

    # @!method ssl?
    #   Whether TLS is built in.
    #   @return [Boolean]

    # @!method tls_provider
    #   What the cryptography of TLS is done by.
    #   @return [String] such as "aws-lc-rs"

    # @!method set_tls_parms(signature, *parameters)
    #   Sets what {start_tls} is to do. {Connection#start_tls} calls this, and says what the parameters mean.
    #   @param signature [Integer] the connection's
    #   @param parameters [Array] private_key_file, private_key, private_key_pass, cert_chain_file, cert,
    #     verify_peer, fail_if_no_peer_cert, sni_hostname, cipher_list, ecdh_curve, dhparam, and the sum of
    #     the EM_PROTO_ constants of the protocols; texts that are empty count as not given
    #   @return [nil]
    #   @raise [InvalidPrivateKey] when the key cannot be read or does not belong to the certificate

    # @!method set_tls_options(signature, options)
    #   Sets options of TLS beyond those of {set_tls_parms}.
    #   @param signature [Integer] the connection's
    #   @param options [Hash{Symbol => Object}] any of `:verify`, `:ca_file`, `:ca_path`, `:ca`, `:crl_file`,
    #     `:alpn`, `:certificates`, `:keylog`
    #   @return [nil]

    # @!method start_tls(signature)
    #   Begins TLS with the parameters that are set. An unknown signature is ignored.
    #   @param signature [Integer] the connection's
    #   @return [nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_peer_cert(signature)
    #   See {Connection#get_peer_cert}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [String, nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_cipher_bits(signature)
    #   See {Connection#get_cipher_bits}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [Integer, nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_cipher_name(signature)
    #   See {Connection#get_cipher_name}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [String, nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_cipher_protocol(signature)
    #   See {Connection#get_cipher_protocol}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [String, nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_sni_hostname(signature)
    #   See {Connection#get_sni_hostname}, which calls this.
    #   @param signature [Integer] the connection's
    #   @return [String, nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_alpn_protocol(signature)
    #   The application protocol that both sides have agreed on (RFC 7301).
    #   @param signature [Integer] the connection's
    #   @return [String, nil]
    #   @raise [RuntimeError] when no reactor runs

    # @!method get_ssl_verify_error(signature)
    #   Why TLS has failed.
    #   @param signature [Integer] the connection's
    #   @return [String, nil] nil where it has not
    #   @raise [RuntimeError] when no reactor runs

    # @!group Settings

    # @!method epoll
    #   Accepted for compatibility: epoll is used wherever there is one.
    #   @return [nil]

    # @!method epoll?
    #   Whether the loop waits by epoll(7).
    #   @return [Boolean]

    # @!method epoll=(wanted)
    #   Accepted for compatibility, as {epoll}.
    #   @param wanted [Boolean]
    #   @return [Boolean] wanted
    #   @raise [Unsupported] when it is wanted on a system that has none

    # @!method kqueue
    #   Accepted for compatibility: kqueue is used wherever there is one.
    #   @return [Boolean] as {kqueue?}

    # @!method kqueue?
    #   Whether the loop waits by kqueue(2).
    #   @return [Boolean]

    # @!method kqueue=(wanted)
    #   Accepted for compatibility, as {kqueue}.
    #   @param wanted [Boolean]
    #   @return [Boolean] wanted
    #   @raise [Unsupported] when it is wanted on a system that has none

    # @!method set_rlimit_nofile(limit)
    #   See {set_descriptor_table_size}, which calls this.
    #   @param limit [Integer] a negative one changes nothing
    #   @return [Integer] the limit in force
    #   @raise [SystemCallError] when the system refuses

    # @!method setuid_string(username)
    #   See {set_effective_user}, which calls this.
    #   @param username [String]
    #   @raise [RuntimeError] when there is no such user or the process may not become it

    # @!endgroup
  end

  # See lib/em/scheduler.rb. These are the hooks that Ruby calls; Fiber::Scheduler in Ruby's documentation says
  # when. They are called in the thread whose scheduler it is, save {#unblock} and {#fiber_interrupt}.
  class Scheduler
    # @!method fiber
    #   Makes a fiber of the block, and runs it until its first wait: Fiber.schedule calls this.
    #   @return [Fiber]
    #   @raise [Exception] with a loop of its own: what the block raises before its first wait
    #   @raise [ThreadError] in another thread than the one that used the scheduler first
    #   @raise [RuntimeError] when the scheduler is closed

    # @!method io_wait(io, events, timeout)
    #   @param io [IO]
    #   @param events [Integer] IO::READABLE, IO::PRIORITY and IO::WRITABLE
    #   @param timeout [Numeric, nil] seconds; nil for the IO's own timeout, where it has one
    #   @return [Integer, false] the events that are there; false when time is over
    #   @raise [IOError] when the IO is closed, or is being closed meanwhile
    #   @raise [ArgumentError] when the time is negative, or there is no event to wait for
    #   @raise [IO::TimeoutError] when the IO's own timeout is over

    # @!method io_read(io, buffer, length, offset = 0)
    #   Reads at least `length` bytes, or what is there where that is 0. From Ruby 4.1 on the offset comes
    #   before the length, and there is one read at most.
    #   @param io [IO]
    #   @param buffer [IO::Buffer]
    #   @param length [Integer]
    #   @param offset [Integer]
    #   @return [Integer] how many bytes; a negative number of an error

    # @!method io_write(io, buffer, length, offset = 0)
    #   As {#io_read}, in the other direction.
    #   @return [Integer]

    # @!method kernel_sleep(duration = nil)
    #   @param duration [Numeric, nil] seconds; nil for ever
    #   @return [true]
    #   @raise [ArgumentError] when it is negative

    # @!method block(blocker, timeout = nil)
    #   Waits until {#unblock} is called for the fiber.
    #   @param blocker [Object] what it waits for
    #   @param timeout [Numeric, nil] seconds
    #   @return [Boolean] false when time is over

    # @!method unblock(blocker, fiber)
    #   Ends the wait of a fiber in {#block}. May be called in any thread, and in signal handlers.
    #   @param blocker [Object]
    #   @param fiber [Fiber]
    #   @return [nil]

    # @!method fiber_interrupt(fiber, exception)
    #   Raises in a fiber that waits for an IO. May be called in any thread.
    #   @param fiber [Fiber]
    #   @param exception [Exception]
    #   @return [nil]

    # @!method yield
    #   Lets the loop and other fibers have their turn.
    #   @return [nil]

    # @!method run
    #   Runs until no fiber waits; at once over where the scheduler is attached to the reactor.
    #   @return [nil]
    #   @raise [Exception] the first that ended a fiber

    # @!method attached?
    #   @return [Boolean] whether it runs on the loop of {EventMachine.run}

    # @!method closed?
    #   @return [Boolean]
  end
end
