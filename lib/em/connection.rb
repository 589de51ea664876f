# frozen_string_literal: true

require "socket"
require "em/certificate_error"
require "em/tls_parameters"

module EventMachine
  # What the reactor makes of each connection, server-side or client-side, of each datagram socket, child
  # process and descriptor that it looks after. An application subclasses it, or writes a module that is mixed
  # into a subclass, and overrides {#post_init}, {#connection_completed}, {#receive_data} and {#unbind}.
  #
  # @example
  #   class EchoServer < EventMachine::Connection
  #     def receive_data(data)
  #       send_data(data)
  #     end
  #   end
  class Connection
    # @return [Integer] what the connection goes by in the methods of EventMachine
    attr_accessor :signature

    # `method`, for handlers that have a method of that name themselves.
    #
    # @return [Method]
    alias original_method method

    class << self
      # Makes the object: calls `initialize` with the arguments, then {#post_init}. Both may use the
      # connection already.
      #
      # @param signature [Integer]
      # @param args given to `initialize`
      # @return [Connection]
      def new(signature, *args)
        connection = allocate
        connection.signature = signature
        # Most have none, and a splat makes arrays.
        args.empty? ? connection.__send__(:initialize) : connection.__send__(:initialize, *args)
        connection.__send__(:post_init)
        connection
      end
      ruby2_keywords :new
    end

    # @!method get_outbound_data_size
    #   @return [Integer] bytes that were given to {#send_data} and are not yet with the system

    # @!method associate_callback_target(target)
    #   Kept for compatibility: does nothing.
    #   @return [nil]

    # @param _args what the application gave to the method that made the connection
    def initialize(*_args); end

    # Called once the object is made: on a server when a connection was accepted, on a client before it is
    # connected.
    #
    # @return [void]
    def post_init; end

    # Called with what has arrived, in pieces of any size; on a datagram socket with one datagram.
    #
    # @param _data [String] binary
    # @return [void]
    def receive_data(_data); end

    # Called when the connection made by {EventMachine.connect} is established.
    #
    # @return [void]
    def connection_completed; end

    # Called when the connection is gone, however that came about: closed by either side, lost, never
    # established, or detached. A method that takes an argument is given the reason: a subclass of
    # SystemCallError such as Errno::ECONNREFUSED, or nil.
    #
    # @return [void]
    def unbind; end

    # Called when the TLS handshake begun by {#start_tls} is done.
    #
    # @return [void]
    def ssl_handshake_completed; end

    # Called during the handshake with each certificate of the peer, from the top of its chain down, if
    # {#start_tls} was given `verify_peer`.
    #
    # @param _cert [String] the certificate, as PEM
    # @return [Boolean] whether to go on; anything else than true ends the connection
    def ssl_verify_peer(_cert); end

    # Called when the connection that data is sent on to by {#proxy_incoming_to} is gone.
    #
    # @return [void]
    def proxy_target_unbound; end

    # Called when the number of bytes given to {EventMachine.enable_proxy} has been sent on.
    #
    # @return [void]
    def proxy_completed; end

    # Queues data to be sent, in order. It goes out when the running callback, or a few that follow it, have
    # returned.
    #
    # @param data [#to_s]
    # @return [Integer] how many bytes were queued; -1 when the connection is closed
    def send_data(data)
      data = data.to_s
      EventMachine.send_data(@signature, data, data.bytesize)
    end

    # Sends one datagram.
    #
    # @param data [#to_s] at most 65,507 bytes
    # @param recipient_address [String] address of the recipient
    # @param recipient_port [Integer, String] port of the recipient
    # @return [Integer] how many bytes were queued
    # @raise [ConnectionError] when the address is not valid
    # @raise [ArgumentError] when the port is no number
    def send_datagram(data, recipient_address, recipient_port)
      data = data.to_s
      port = Integer(recipient_port)
      EventMachine.send_datagram(@signature, data, data.bytesize, recipient_address, port)
    end

    # Queues a whole file to be sent; fit for small ones. See {#stream_file_data}.
    #
    # @param filename [String]
    # @return [Integer] 0
    # @raise [IOError] when the file cannot be read
    def send_file_data(filename)
      EventMachine.send_file_data(@signature, filename)
    end

    # Sends a file piece by piece, as fast as the peer reads.
    #
    # @param filename [String]
    # @param args [Hash] as {FileStreamer}: `:http_chunks` (Boolean) wraps the pieces as HTTP chunks
    # @return [FileStreamer] which tells when it is done; see {Deferrable}
    def stream_file_data(filename, args = {})
      FileStreamer.new(self, filename, args)
    end

    # Closes the connection once the running callback has returned. Data that is still queued is dropped.
    #
    # @param after_writing [Boolean] whether to send what is queued first
    # @return [nil]
    def close_connection(after_writing = false)
      EventMachine.close_connection(@signature, after_writing)
    end

    # Sends what is queued, then closes the connection.
    #
    # @return [nil]
    def close_connection_after_writing
      close_connection(true)
    end

    # Takes the descriptor out of the reactor without closing it. {#unbind} is called all the same.
    #
    # @return [Integer] the descriptor, which is the caller's again
    def detach
      EventMachine.detach_fd(@signature)
    end

    # Connects the object anew after {#unbind}; see {EventMachine.reconnect}.
    #
    # @param server [String]
    # @param port [Integer, nil]
    # @return [Connection] itself
    # @raise [ConnectionError] as {EventMachine.connect}
    def reconnect(server, port)
      EventMachine.reconnect(server, port, self)
    end

    # Stops reading, and with it {#receive_data}, until {#resume}.
    #
    # @return [Boolean] whether anything changed
    def pause
      EventMachine.pause_connection(@signature)
    end

    # Reads again after {#pause}.
    #
    # @return [Boolean] whether anything changed
    def resume
      EventMachine.resume_connection(@signature)
    end

    # @return [Boolean] whether {#pause} is in force
    def paused?
      EventMachine.connection_paused?(@signature)
    end

    # Sends what is received straight on to another connection; see {EventMachine.enable_proxy}.
    #
    # @param conn [Connection]
    # @param bufsize [Integer] as {EventMachine.enable_proxy}
    # @return [nil]
    def proxy_incoming_to(conn, bufsize = 0)
      EventMachine.enable_proxy(self, conn, bufsize)
    end

    # Ends {#proxy_incoming_to}.
    #
    # @return [nil]
    def stop_proxying
      EventMachine.disable_proxy(self)
    end

    # @return [Integer] how many bytes {#proxy_incoming_to} has sent on
    def get_proxied_bytes
      EventMachine.get_proxied_bytes(@signature)
    end

    # Whether the connection failed, as far as the system tells.
    #
    # @return [false, Class, true, :unknown] false if not; else a subclass of SystemCallError where there is
    #   one for the error, true when the state cannot be had
    def error?
      errno = EventMachine.report_connection_error_status(@signature)
      case errno
      when 0 then false
      when -1 then true
      else ERRNOS.fetch(errno, :unknown)
      end
    end

    # Address of the peer; `Socket.unpack_sockaddr_in` reads it.
    #
    # @return [String, nil] packed; nil where there is none
    def get_peername
      EventMachine.get_peername(@signature)
    end

    # The connection's own address, as {#get_peername}.
    #
    # @return [String, nil]
    def get_sockname
      EventMachine.get_sockname(@signature)
    end

    # @return [Integer, nil] id of the child process made by {EventMachine.popen}
    def get_pid
      EventMachine.get_subprocess_pid(@signature)
    end

    # @return [Process::Status, nil] how the child process ended; to be asked in {#unbind}
    def get_status
      EventMachine.get_subprocess_status(@signature)
    end

    # @return [Numeric, nil] seconds since data last came or went
    def get_idle_time
      EventMachine.get_idle_time(@signature)
    end

    # @return [Float] seconds without data after which the connection is closed; 0.0 for never
    def comm_inactivity_timeout
      EventMachine.get_comm_inactivity_timeout(@signature)
    end

    # Closes the connection when no data comes or goes for some time; {#unbind} is given Errno::ETIMEDOUT.
    #
    # @param value [Numeric] seconds; 0 for never
    # @return [Boolean] whether it was set
    def comm_inactivity_timeout=(value)
      EventMachine.set_comm_inactivity_timeout(@signature, value.to_f)
    end
    alias set_comm_inactivity_timeout comm_inactivity_timeout=

    # @return [Float] seconds after which an attempt to connect is given up. Default: 20.0
    def pending_connect_timeout
      EventMachine.get_pending_connect_timeout(@signature)
    end

    # Gives up the attempt to connect after some time; {#unbind} is given Errno::ETIMEDOUT.
    #
    # @param value [Numeric] seconds, above 0
    # @return [Boolean] whether it was set
    def pending_connect_timeout=(value)
      EventMachine.set_pending_connect_timeout(@signature, value.to_f)
    end
    alias set_pending_connect_timeout pending_connect_timeout=

    # Sets an option of the socket, as setsockopt(2).
    #
    # @param level [Integer] such as Socket::SOL_SOCKET
    # @param optname [Integer] such as Socket::SO_BROADCAST
    # @param optval [Boolean, Integer, String]
    # @return [Integer] 0
    # @raise [SystemCallError]
    def set_sock_opt(level, optname, optval)
      EventMachine.set_sock_opt(@signature, level, optname, optval)
    end

    # Tells an option of the socket, as getsockopt(2).
    #
    # @param level [Integer] such as Socket::SOL_SOCKET
    # @param option [Integer] such as Socket::SO_ERROR
    # @return [String] the value, packed
    # @raise [SystemCallError]
    def get_sock_opt(level, option)
      EventMachine.get_sock_opt(@signature, level, option)
    end

    # Has the system probe whether the peer is still there while no data comes or goes.
    #
    # @overload enable_keepalive(idle = nil, interval = nil, count = nil)
    #   @param idle [Integer, nil] seconds without data before the first probe; nil leaves the system's choice
    #   @param interval [Integer, nil] seconds between probes
    #   @param count [Integer, nil] how many unanswered probes end the connection
    # @return [Integer] 0
    # @raise [SystemCallError]
    def enable_keepalive(*args)
      if args.size > KEEPALIVE_OPTIONS.size
        raise ArgumentError,
              "wrong number of arguments (given #{args.size}, expected 0..#{KEEPALIVE_OPTIONS.size})"
      end

      set_sock_opt(Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, true)
      KEEPALIVE_OPTIONS.zip(args) do |option, value|
        set_sock_opt(Socket::IPPROTO_TCP, option, value) if option && value
      end
      0
    end

    # Ends {#enable_keepalive}.
    #
    # @return [Integer] 0
    # @raise [SystemCallError]
    def disable_keepalive
      set_sock_opt(Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, false)
    end

    # Begins TLS: at once on an established connection, otherwise as soon as it is established. Data sent
    # before the handshake is done waits for it. {#ssl_handshake_completed} tells the end of the handshake; a
    # failed one ends in {#unbind} with Errno::EPROTO, and {#ssl_verify_error} says what was wrong. Where TLS
    # runs already, nothing happens.
    #
    # A server that is given no certificate uses one that no client should trust.
    #
    # Nothing is verified unless asked for: by `verify`, or by `verify_peer` and {#ssl_verify_peer}. A peer
    # whose certificate does not pass `verify` ends in {#unbind} with a subclass of {CertificateError}.
    #
    # @example A client that knows whom it talks to
    #   EventMachine.connect("example.org", 443, Client) { |client| client.start_tls(verify: true) }
    # @example A server that picks its certificate by the name that the client asks for
    #   start_tls(certificates: ->(host) { { private_key_file: "#{host}.key", cert_chain_file: "#{host}.crt" } })
    #
    # @param args [Hash]
    # @option args [String] :private_key_file file with the private key, as PEM
    # @option args [String] :private_key the private key itself, as PEM
    # @option args [String] :private_key_pass passphrase of the private key
    # @option args [String] :cert_chain_file file with the certificates, one's own first, as PEM
    # @option args [String] :cert the certificate itself, as PEM
    # @option args [Boolean] :verify_peer (false) ask the peer for certificates and put them to
    #   {#ssl_verify_peer}
    # @option args [Boolean] :fail_if_no_peer_cert (false) with `verify_peer`, on a server: end the connection
    #   if the client has no certificate
    # @option args [String] :sni_hostname the name of the server, which a client tells it
    # @option args [String] :cipher_list cipher suites, as of the `openssl ciphers` program
    # @option args [String] :ecdh_curve name of the curve a server uses for key exchange, such as "prime256v1"
    # @option args [String] :dhparam file with Diffie-Hellman parameters for a server, as PEM, instead of those
    #   of RFC 7919
    # @option args [Symbol, String, Array] :ssl_version one or more of TLSv1_2 and TLSv1_3 (and the obsolete
    #   SSLv2, SSLv3, TLSv1 and TLSv1_1); the case does not matter
    # @option args [Boolean] :verify (false) on a client, check the server's certificate: its chain, its dates,
    #   and that it is for the host of `sni_hostname`, or else the one that {EventMachine.connect} was given.
    #   On a server, demand certificates of clients and check them, which takes `ca_file`, `ca_path` or `ca`
    # @option args [String] :ca_file with `verify`: file with the certificates to trust, instead of the system's
    # @option args [String] :ca_path with `verify`: directory of such files
    # @option args [String] :ca with `verify`: certificates to trust, as PEM
    # @option args [String] :crl_file with `verify`: file with the revocation lists of all issuers, as PEM
    # @option args [Array<String>, String] :alpn application protocols, best first, such as "h2"; see
    #   {#get_alpn_protocol}
    # @option args [Hash{String => Hash}, #call] :certificates on a server, the certificate for each host name
    #   that clients may ask for: by name or wildcard (`*.example.org`) a Hash with the options from
    #   `private_key_file` to `cert`; or what is called with the name, nil if the client tells none, and
    #   returns such a Hash. For others, and for nil, the certificate given besides is used
    # @option args [Symbol] :role `:client` or `:server`: which end of the handshake to be. By default an accepted
    #   connection is the server, and any other the client; FTP's active mode has it the other way round (RFC
    #   4217 section 7). A client that was connected to knows no host name but `sni_hostname`
    # @option args [Boolean] :keylog (false) append the session's secrets to the file that the environment's
    #   SSLKEYLOGFILE names, for programs that decipher what they record
    # @return [nil]
    # @raise [BadCertParams] when a certificate is given twice
    # @raise [BadPrivateKeyParams] when a private key is given twice
    # @raise [BadParams] when a private key is given without a certificate, and when what is to be trusted
    #   cannot be read, or there is no host name to check
    # @raise [FileNotFoundException] when a file that is named does not exist
    # @raise [InvalidPrivateKey] when the key cannot be read or does not belong to the certificate
    # @raise [TypeError] when the options are no Hash, or one of them is of the wrong type
    # @raise [ArgumentError] when there is a NUL byte in a name, the name of a protocol has no fit length, or
    #   there is no such role
    # @raise [RuntimeError] when a protocol is not known
    def start_tls(args = {})
      parameters = TLSParameters.new(args)
      additions = parameters.additions
      EventMachine.set_tls_parms(@signature, *parameters.to_a)
      EventMachine.set_tls_options(@signature, additions) if additions
      @certificate_chooser = parameters.chooser if parameters.chooser
      EventMachine.start_tls(@signature)
    end

    # @return [String, nil] the peer's certificate, as PEM
    def get_peer_cert
      EventMachine.get_peer_cert(@signature)
    end

    # @return [Integer, nil] the size of the cipher's key in bits
    def get_cipher_bits
      EventMachine.get_cipher_bits(@signature)
    end

    # @return [String, nil] the cipher suite, by OpenSSL's name
    def get_cipher_name
      EventMachine.get_cipher_name(@signature)
    end

    # @return [String, nil] the protocol, such as "TLSv1.3"
    def get_cipher_protocol
      EventMachine.get_cipher_protocol(@signature)
    end

    # @return [String, nil] on a server, the name that the client asked for
    def get_sni_hostname
      EventMachine.get_sni_hostname(@signature)
    end

    # @return [String, nil] the application protocol that both ends agreed on; see `:alpn` of {#start_tls}
    def get_alpn_protocol
      EventMachine.get_alpn_protocol(@signature)
    end

    # What was wrong with the peer's certificate, or made TLS fail otherwise; to be asked in {#unbind} at the
    # latest.
    #
    # @return [String, nil] nil while nothing is wrong
    def ssl_verify_error
      EventMachine.get_ssl_verify_error(@signature)
    end

    # @return [Boolean] whether `notify_readable` is called when the descriptor can be read; see
    #   {EventMachine.watch}
    def notify_readable?
      EventMachine.is_notify_readable(@signature)
    end

    # @param mode [Boolean] whether `notify_readable` is to be called
    # @raise [RuntimeError] when the connection was not made by {EventMachine.watch}
    def notify_readable=(mode)
      EventMachine.set_notify_readable(@signature, mode)
    end

    # @return [Boolean] whether `notify_writable` is called when the descriptor can be written; see
    #   {EventMachine.watch}
    def notify_writable?
      EventMachine.is_notify_writable(@signature)
    end

    # @param mode [Boolean] whether `notify_writable` is to be called
    # @raise [RuntimeError] when the connection was not made by {EventMachine.watch}
    def notify_writable=(mode)
      EventMachine.set_notify_writable(@signature, mode)
    end

    # @return [Boolean] whether the connection was made by {EventMachine.watch}
    def watch_only?
      EventMachine.watch_only?(@signature)
    end

    # Idle time, interval and count; nil where the system has no such option.
    KEEPALIVE_OPTIONS = [%i[TCP_KEEPIDLE TCP_KEEPALIVE], %i[TCP_KEEPINTVL], %i[TCP_KEEPCNT]].map do |names|
      name = names.find { |candidate| Socket.const_defined?(candidate) }
      name && Socket.const_get(name)
    end.freeze
    private_constant :KEEPALIVE_OPTIONS

    private

    # Called during the handshake of a server whose `:certificates` are to be asked.
    def ssl_certificate_for(host)
      TLSParameters.choice(@certificate_chooser.call(host), host)
    end
  end
end
