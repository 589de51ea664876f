# frozen_string_literal: true

module EventMachine
  class << self
    # @!group TLS

    # @return [Boolean] whether TLS is built in
    def ssl?; end

    # @return [String] the cryptography library below TLS, such as "aws-lc-rs"
    def tls_provider; end

    # Sets the parameters of {start_tls}. {Connection#start_tls} calls this, and documents them.
    #
    # @param signature [Integer] the connection's
    # @param parameters [Array] private_key_file, private_key, private_key_pass, cert_chain_file, cert,
    #   verify_peer, fail_if_no_peer_cert, sni_hostname, cipher_list, ecdh_curve, dhparam, and the sum of the
    #   EM_PROTO_ constants of the TLS versions; an empty String means that the parameter is not given
    # @return [nil]
    # @raise [InvalidPrivateKey] if the key cannot be read or does not match the certificate
    def set_tls_parms(signature, *parameters); end

    # Sets options that {set_tls_parms} does not have.
    #
    # @param signature [Integer] the connection's
    # @param options [Hash{Symbol => Object}] any of `:verify`, `:ca_file`, `:ca_path`, `:ca`, `:crl_file`,
    #   `:alpn`, `:certificates`, `:keylog`, `:role`
    # @return [nil]
    def set_tls_options(signature, options); end

    # Starts TLS with the parameters that were set. Unknown signatures are ignored.
    #
    # @param signature [Integer] the connection's
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def start_tls(signature); end

    # See {Connection#get_peer_cert}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil]
    # @raise [RuntimeError] when no reactor runs
    def get_peer_cert(signature); end

    # See {Connection#get_cipher_bits}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Integer, nil]
    # @raise [RuntimeError] when no reactor runs
    def get_cipher_bits(signature); end

    # See {Connection#get_cipher_name}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil]
    # @raise [RuntimeError] when no reactor runs
    def get_cipher_name(signature); end

    # See {Connection#get_cipher_protocol}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil]
    # @raise [RuntimeError] when no reactor runs
    def get_cipher_protocol(signature); end

    # See {Connection#get_sni_hostname}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil]
    # @raise [RuntimeError] when no reactor runs
    def get_sni_hostname(signature); end

    # See {Connection#get_alpn_protocol}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil]
    # @raise [RuntimeError] when no reactor runs
    def get_alpn_protocol(signature); end

    # See {Connection#ssl_verify_error}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil] why TLS failed; nil if it did not
    # @raise [RuntimeError] when no reactor runs
    def get_ssl_verify_error(signature); end

    # @!endgroup
  end
end
