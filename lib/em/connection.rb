# frozen_string_literal: true

require "socket"
require "em/certificate_error"
require "em/tls_parameters"

module EventMachine
  # The object for each connection, server-side or client-side, and for each datagram socket, child process and
  # descriptor of the reactor. An application writes a subclass, or a module that is mixed into a subclass, and
  # overrides {#post_init}, {#connection_completed}, {#receive_data} and {#unbind}.
  #
  # @example
  #   class Clock < EventMachine::Connection
  #     def post_init
  #       send_data("#{Time.now}\n")
  #       close_connection_after_writing
  #     end
  #   end
  class Connection
    # @return [Integer] identifies the connection in the methods of EventMachine
    attr_accessor :signature

    # `Object#method`, for handlers that define a method of that name.
    #
    # @return [Method]
    alias original_method method

    class << self
      # Creates the object: calls `initialize` with the arguments, then {#post_init}. Both may already use
      # the connection.
      #
      # @param signature [Integer]
      # @param args given to `initialize`
      # @return [Connection]
      def new(signature, *args)
        connection = allocate
        connection.signature = signature
        # Most connections have no arguments, and a splat allocates arrays.
        args.empty? ? connection.__send__(:initialize) : connection.__send__(:initialize, *args)
        connection.__send__(:post_init)
        connection
      end
      ruby2_keywords :new
    end

    # @param _args the arguments after the handler, as given to {EventMachine.connect} and the like
    def initialize(*_args); end

    # Called when the object has been created: on a server when a connection was accepted, on a client before it
    # is connected.
    #
    # @return [void]
    def post_init; end

    # Called with received data, in pieces of any size; on a datagram socket, with one datagram.
    #
    # @param _data [String] binary
    # @return [void]
    def receive_data(_data); end

    # Called when a connection of {EventMachine.connect} is established.
    #
    # @return [void]
    def connection_completed; end

    # Called when the connection has ended, for whatever reason: it was closed by either side, was lost, could not
    # be established, or was detached. If the method takes an argument, it gets the reason: a subclass of
    # SystemCallError such as Errno::ECONNREFUSED, {ResolutionError}, or nil.
    #
    # @return [void]
    def unbind; end

    # Called when the TLS handshake of {#start_tls} has succeeded.
    #
    # @return [void]
    def ssl_handshake_completed; end

    # Called during the handshake with each certificate of the peer, from the top of its chain down, if
    # {#start_tls} was given `verify_peer`.
    #
    # @param _cert [String] the certificate, as PEM
    # @return [Boolean] whether to accept it; any other value than true ends the connection
    def ssl_verify_peer(_cert); end

    # Called when the target of {#proxy_incoming_to} has ended.
    #
    # @return [void]
    def proxy_target_unbound; end

    # Called when the number of bytes given to {EventMachine.enable_proxy} has been forwarded.
    #
    # @return [void]
    def proxy_completed; end

    # Queues data to be sent, in order. It is sent when the running callback, or a few callbacks after it, have
    # returned.
    #
    # @param data [#to_s]
    # @return [Integer] how many bytes were queued; -1 if the connection is closed
    def send_data(data)
      data = data.to_s
      EventMachine.send_data(@signature, data, data.bytesize)
    end

    # Sends one datagram.
    #
    # @param data [#to_s] at most 65,507 bytes
    # @param recipient_address [String, Addrinfo] address of the recipient, or the absolute path of its Unix socket, or
    #   its abstract name
    # @param recipient_port [Integer, String, nil] port of the recipient; nil for a path, and where an Addrinfo has it
    # @return [Integer] how many bytes were queued
    # @raise [ConnectionError] when the address is not valid
    # @raise [ArgumentError] if the port is not a number
    def send_datagram(data, recipient_address, recipient_port = nil)
      data = data.to_s
      if recipient_address.is_a?(Addrinfo)
        recipient_address, recipient_port = EventMachine.__send__(:split_address, recipient_address)
        is_path = recipient_port.nil?
      end
      is_path ||= recipient_port.nil? && recipient_address.to_s.start_with?("/", "\0")
      return EventMachine.send_unix_datagram(@signature, data, recipient_address) if is_path

      port = Integer(recipient_port)
      if EventMachine.__send__(:resolves_off_loop?)
        return EventMachine.__send__(:send_datagram_to_host, self, data, recipient_address, port)
      end

      EventMachine.send_datagram(@signature, data, data.bytesize, recipient_address, port)
    end

    # @return [Addrinfo, nil] the peer's address; nil if there is none
    def remote_address
      EventMachine.__send__(:addrinfo, @signature, get_peername)
    end

    # @return [Addrinfo, nil] the local address
    def local_address
      EventMachine.__send__(:addrinfo, @signature, get_sockname)
    end

    # Joins a multicast group: datagrams to the group come in, too, where they are for the socket's port.
    #
    # @param group [String] an IPv4 address in 224.0.0.0/4, or an IPv6 address in ff00::/8, of the socket's family
    # @param interface [String, nil] the network interface, by its name or, for IPv4, by its address; nil leaves the
    #   choice to the system
    # @return [Integer] 0
    # @raise [SystemCallError] as setsockopt(2): ip(7), ipv6(7)
    # @raise [ArgumentError] for what is no address, or no interface
    def join_multicast(group, interface = nil)
      EventMachine.set_sock_opt(@signature, *EventMachine.__send__(:membership, group, interface, true))
    end

    # Leaves a multicast group.
    #
    # @param group [String] as {#join_multicast}
    # @param interface [String, nil] as {#join_multicast}
    # @return [Integer] 0
    # @raise [SystemCallError, ArgumentError] as {#join_multicast}
    def leave_multicast(group, interface = nil)
      EventMachine.set_sock_opt(@signature, *EventMachine.__send__(:membership, group, interface, false))
    end

    # Who the peer of a Unix socket was when it connected, as the system knows it: getpeereid(3).
    #
    # @return [Array(Integer, Integer)] effective user and group
    # @raise [SystemCallError] where there is no peer
    def getpeereid
      socket = UNIXSocket.for_fd(EventMachine.get_file_descriptor(@signature))
      socket.autoclose = false
      socket.getpeereid
    end

    # Why the host that it was to be connected to has no address, where {#unbind} was given {ResolutionError}.
    #
    # @return [String, nil] the resolver's words, and the name
    attr_reader :resolution_error

    # Queues a whole file to be sent. For large files see {#stream_file_data}.
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
    # @return [FileStreamer] a {Deferrable} that succeeds when the file has been sent
    def stream_file_data(filename, args = {})
      FileStreamer.new(self, filename, args)
    end

    # Closes the connection when the running callback has returned. Queued data is dropped.
    #
    # @param after_writing [Boolean] whether to send queued data first
    # @return [nil]
    def close_connection(after_writing = false)
      EventMachine.close_connection(@signature, after_writing)
    end

    # Sends queued data, then closes the connection.
    #
    # @return [nil]
    def close_connection_after_writing
      close_connection(true)
    end

    # Removes the descriptor from the reactor without closing it. {#unbind} is called.
    #
    # @return [Integer] the descriptor, which now belongs to the caller
    def detach
      EventMachine.detach_fd(@signature)
    end

    # Connects the object again after {#unbind}; see {EventMachine.reconnect}.
    #
    # @param server [String]
    # @param port [Integer, nil]
    # @return [Connection] itself
    # @raise [ConnectionError] as {EventMachine.connect}
    def reconnect(server, port)
      EventMachine.reconnect(server, port, self)
    end

    # Stops reading until {#resume}: {#receive_data} is not called.
    #
    # @return [Boolean] whether anything changed
    def pause
      EventMachine.pause_connection(@signature)
    end

    # Continues to read after {#pause}.
    #
    # @return [Boolean] whether anything changed
    def resume
      EventMachine.resume_connection(@signature)
    end

    # @return [Boolean] whether the connection is paused
    def paused?
      EventMachine.connection_paused?(@signature)
    end

    # Forwards received data to another connection; see {EventMachine.enable_proxy}.
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

    # @return [Integer] how many bytes {#proxy_incoming_to} has forwarded
    def get_proxied_bytes
      EventMachine.get_proxied_bytes(@signature)
    end

    # Whether the socket has an error (SO_ERROR).
    #
    # @return [false, Class, true, :unknown] false if not; otherwise the subclass of SystemCallError for the
    #   error, if there is one; true if the socket cannot be asked
    def error?
      errno = EventMachine.report_connection_error_status(@signature)
      case errno
      when 0 then false
      when -1 then true
      else ERRNOS.fetch(errno, :unknown)
      end
    end

    # The peer's address. `Socket.unpack_sockaddr_in` decodes it.
    #
    # @return [String, nil] packed; nil if there is none
    def get_peername
      EventMachine.get_peername(@signature)
    end

    # The local address, like {#get_peername}.
    #
    # @return [String, nil]
    def get_sockname
      EventMachine.get_sockname(@signature)
    end

    # @return [Integer, nil] id of the child process of {EventMachine.popen}
    def get_pid
      EventMachine.get_subprocess_pid(@signature)
    end

    # @return [Process::Status, nil] how the child process ended; available in {#unbind}
    def get_status
      EventMachine.get_subprocess_status(@signature)
    end

    # Sets a socket option, as setsockopt(2) does. One that is set before a connect is done holds for whichever
    # address of the host is reached.
    #
    # @example
    #   set_sock_opt(:TCP, :NODELAY, true)
    #   set_sock_opt(Socket::Option.linger(true, 5))
    #
    # @overload set_sock_opt(level, optname, optval)
    #   @param level [Integer, Symbol, String] such as Socket::SOL_SOCKET or `:SOCKET`
    #   @param optname [Integer, Symbol, String] such as Socket::SO_BROADCAST or `:BROADCAST`
    #   @param optval [Boolean, Integer, String]
    # @overload set_sock_opt(option)
    #   @param option [Socket::Option]
    # @return [Integer] 0
    # @raise [SystemCallError]
    # @raise [SocketError] for an unknown name
    def set_sock_opt(level, optname = nil, optval = nil)
      if level.is_a?(Socket::Option)
        level, optname, optval = level.level, level.optname, level.data
      elsif !(level.is_a?(Integer) && optname.is_a?(Integer))
        named = EventMachine.__send__(:socket_option, @signature, level, optname, "")
        level, optname = named.level, named.optname
      end
      EventMachine.set_sock_opt(@signature, level, optname, optval)
    end

    # Reads a socket option, as getsockopt(2) does.
    #
    # @example
    #   get_sock_opt(:SOCKET, :RCVBUF).int
    #   get_sock_opt(:TCP, :INFO).inspect
    #
    # @param level [Integer, Symbol, String] such as Socket::SOL_SOCKET or `:SOCKET`
    # @param option [Integer, Symbol, String] such as Socket::SO_ERROR or `:ERROR`
    # @return [String, Socket::Option] the packed value where both are numbers; else an option, which unpacks it
    # @raise [SystemCallError]
    # @raise [SocketError] for an unknown name
    def get_sock_opt(level, option)
      return EventMachine.get_sock_opt(@signature, level, option) if level.is_a?(Integer) && option.is_a?(Integer)

      named = EventMachine.__send__(:socket_option, @signature, level, option, "")
      value = EventMachine.get_sock_opt(@signature, named.level, named.optname)
      Socket::Option.new(named.family, named.level, named.optname, value)
    end

    # Makes the system check whether the peer still exists while no data is transferred (SO_KEEPALIVE).
    #
    # @overload enable_keepalive(idle = nil, interval = nil, count = nil)
    #   @param idle [Integer, nil] seconds without data before the first probe; nil and what is not positive
    #     leave the system's choice
    #   @param interval [Integer, nil] seconds between probes
    #   @param count [Integer, nil] how many unanswered probes end the connection
    # @return [Integer] 0
    # @raise [RuntimeError] when the socket does not take them
    # @raise [TypeError] for what is no number
    def enable_keepalive(*args)
      if args.size > KEEPALIVE_OPTIONS.size
        raise ArgumentError,
              "wrong number of arguments (given #{args.size}, expected 0..#{KEEPALIVE_OPTIONS.size})"
      end

      values = args.map { |value| keepalive_number(value) }
      set_sock_opt(Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, true)
      KEEPALIVE_OPTIONS.zip(values) do |option, value|
        set_sock_opt(Socket::IPPROTO_TCP, option, value) if option && value&.positive?
      end
      0
    rescue RuntimeError, SystemCallError => e
      raise "unable to enable keepalive: #{e.message}"
    end

    # Reverts {#enable_keepalive}.
    #
    # @return [Integer] 0
    # @raise [RuntimeError] when the socket does not take it
    def disable_keepalive
      set_sock_opt(Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, false)
    rescue RuntimeError, SystemCallError => e
      raise "unable to disable keepalive: #{e.message}"
    end

    # Starts TLS: at once on an established connection, otherwise when it is established. Data that is sent before
    # the end of the handshake waits for it. After the handshake {#ssl_handshake_completed} is called. If it
    # fails, {#unbind} gets Errno::EPROTO, and {#ssl_verify_error} says why. If TLS is running already, nothing
    # happens.
    #
    # A server without a certificate uses a test certificate that no client should trust.
    #
    # By default nothing is verified: use `verify`, or `verify_peer` and {#ssl_verify_peer}. If `verify` fails,
    # {#unbind} gets a subclass of {CertificateError}.
    #
    # @example A client that verifies the server
    #   EventMachine.connect("example.org", 443, Client) { |client| client.start_tls(verify: true) }
    # @example A server with one certificate per host name
    #   start_tls(certificates: ->(host) { { private_key_file: "#{host}.key", cert_chain_file: "#{host}.crt" } })
    #
    # @param args [Hash]
    # @option args [String] :private_key_file file with the private key, as PEM
    # @option args [String] :private_key the private key itself, as PEM
    # @option args [String] :private_key_pass passphrase of the private key
    # @option args [String] :cert_chain_file file with the certificate chain, own certificate first, as PEM
    # @option args [String] :cert the certificate itself, as PEM
    # @option args [Boolean] :verify_peer (false) ask the peer for certificates and call {#ssl_verify_peer} with
    #   them
    # @option args [Boolean] :fail_if_no_peer_cert (false) with `verify_peer`, on a server: end the connection
    #   if the client has no certificate
    # @option args [String] :sni_hostname the name of the server, which a client sends to it
    # @option args [String] :cipher_list cipher suites, as in openssl-ciphers(1)
    # @option args [String] :ecdh_curve name of the curve a server uses for key exchange, such as "prime256v1"
    # @option args [String] :dhparam file with Diffie-Hellman parameters for a server, as PEM, instead of those
    #   of RFC 7919
    # @option args [Symbol, String, Array] :ssl_version one or more of TLSv1_2 and TLSv1_3 (and the obsolete
    #   SSLv2, SSLv3, TLSv1 and TLSv1_1); the case does not matter
    # @option args [Boolean] :verify (false) on a client, check the server's certificate: its chain, its dates,
    #   and that it is for the host of `sni_hostname`, or else the one that {EventMachine.connect} was given.
    #   On a server, require certificates of clients and check them; needs `ca_file`, `ca_path` or `ca`
    # @option args [String] :ca_file with `verify`: file with the certificates to trust, instead of the system's
    # @option args [String] :ca_path with `verify`: directory of such files
    # @option args [String] :ca with `verify`: certificates to trust, as PEM
    # @option args [String] :crl_file with `verify`: file with the revocation lists of all issuers, as PEM
    # @option args [Array<String>, String] :alpn application protocols, best first, such as "h2"; see
    #   {#get_alpn_protocol}
    # @option args [Hash{String => Hash}, #call] :certificates on a server, the certificate for each host name
    #   that clients may ask for: by name or wildcard (`*.example.org`) a Hash with the options from
    #   `private_key_file` to `cert`; or a callable that takes the name, nil if the client sends none, and
    #   returns such a Hash. For other names, and if it returns nil, the other options apply
    # @option args [Symbol] :role `:client` or `:server`: which end of the handshake to be. By default an accepted
    #   connection is the server, and any other the client; in FTP's active mode it is the other way round (RFC
    #   4217, section 7). A client on an accepted connection knows no host name but `sni_hostname`
    # @option args [Boolean] :keylog (false) append the session's secrets to the file named by the environment
    #   variable SSLKEYLOGFILE, so that Wireshark can decrypt the connection
    # @return [nil]
    # @raise [BadCertParams] if a certificate is given twice
    # @raise [BadPrivateKeyParams] if a private key is given twice
    # @raise [BadParams] if a private key is given without a certificate, if trusted certificates cannot be read,
    #   or if there is no host name to check
    # @raise [FileNotFoundException] if a file does not exist
    # @raise [InvalidPrivateKey] if the key cannot be read or does not match the certificate
    # @raise [TypeError] if the options are not a Hash, or an option has the wrong type
    # @raise [ArgumentError] if a name has a NUL byte, or the name of an application protocol has not 1 to 255 bytes,
    #   or the role is unknown
    # @raise [RuntimeError] if `ssl_version` names an unknown protocol
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

    # @return [String, nil] the TLS version, such as "TLSv1.3"
    def get_cipher_protocol
      EventMachine.get_cipher_protocol(@signature)
    end

    # @return [String, nil] on a server, the host name that the client sent
    def get_sni_hostname
      EventMachine.get_sni_hostname(@signature)
    end

    # @return [String, nil] the negotiated application protocol; see `:alpn` of {#start_tls}
    def get_alpn_protocol
      EventMachine.get_alpn_protocol(@signature)
    end

    # What was wrong with the peer's certificate, or why TLS failed. Available until {#unbind} has returned.
    #
    # @return [String, nil] nil if nothing is wrong
    def ssl_verify_error
      EventMachine.get_ssl_verify_error(@signature)
    end

    # @return [Boolean] whether `notify_readable` is called when the descriptor is readable; see
    #   {EventMachine.watch}
    def notify_readable?
      EventMachine.is_notify_readable(@signature)
    end

    # @param mode [Boolean] whether to call `notify_readable`
    # @raise [RuntimeError] if the connection was not created by {EventMachine.watch}
    def notify_readable=(mode)
      EventMachine.set_notify_readable(@signature, mode)
    end

    # @return [Boolean] whether `notify_writable` is called when the descriptor is writable; see
    #   {EventMachine.watch}
    def notify_writable?
      EventMachine.is_notify_writable(@signature)
    end

    # @param mode [Boolean] whether to call `notify_writable`
    # @raise [RuntimeError] if the connection was not created by {EventMachine.watch}
    def notify_writable=(mode)
      EventMachine.set_notify_writable(@signature, mode)
    end

    # @return [Boolean] whether `notify_priority` is called when there is urgent data; see {EventMachine.watch}
    def notify_priority?
      EventMachine.__send__(:notify_priority?, @signature)
    end

    # @param mode [Boolean] whether to call `notify_priority`
    # @raise [RuntimeError] if the connection was not created by {EventMachine.watch}
    # @raise [Unsupported] where the system does not tell of urgent data: only Linux does
    def notify_priority=(mode)
      EventMachine.__send__(:set_notify_priority, @signature, mode)
    end

    # @return [Boolean] whether the connection was created by {EventMachine.watch}
    def watch_only?
      EventMachine.watch_only?(@signature)
    end

    # Idle time, interval and count; nil if the system has no such option.
    KEEPALIVE_OPTIONS = [%i[TCP_KEEPIDLE TCP_KEEPALIVE], %i[TCP_KEEPINTVL], %i[TCP_KEEPCNT]].map do |names|
      name = names.find { |candidate| Socket.const_defined?(candidate) }
      name && Socket.const_get(name)
    end.freeze
    private_constant :KEEPALIVE_OPTIONS

    private

    def keepalive_number(value)
      return value if value.nil?
      return value.to_int if value.respond_to?(:to_int)

      raise TypeError, "no implicit conversion of #{value.class} into Integer: #{value.inspect}"
    end

    # Called during the handshake of a server that has `:certificates`.
    def ssl_certificate_for(host)
      TLSParameters.choice(@certificate_chooser.call(host), host)
    end
  end
end
