# frozen_string_literal: true

require_relative "constants"
require_relative "loader"
require_relative "tls_identity"

module EventMachine
  # Checks the options of {Connection#start_tls}, and converts them for the reactor.
  class TLSParameters
    # Names that `:ssl_version` accepts, in lower case, and their bits.
    PROTOCOLS = {
      "sslv2" => EM_PROTO_SSLv2,
      "sslv3" => EM_PROTO_SSLv3,
      "tlsv1" => EM_PROTO_TLSv1,
      "tlsv1_1" => EM_PROTO_TLSv1_1,
      "tlsv1_2" => EM_PROTO_TLSv1_2,
      "tlsv1_3" => EM_PROTO_TLSv1_3
    }.freeze

    # The protocols if `:ssl_version` is not given.
    DEFAULT_PROTOCOLS = EM_PROTO_TLSv1 | EM_PROTO_TLSv1_1 | EM_PROTO_TLSv1_2 | EM_PROTO_TLSv1_3

    # Options that upstream lacks.
    ADDITIONS = %i[verify ca_file ca_path ca crl_file alpn certificates keylog role].freeze

    # Which end of the handshake a connection can be; nil for the usual one.
    ROLES = [nil, :client, :server].freeze

    # Size of the name of an application protocol in bytes (RFC 7301).
    ALPN_SIZES = (1..255).freeze

    # Checks the result of a `:certificates` callable.
    #
    # @param answer [Hash, nil]
    # @return [Hash, nil]
    # @raise [BadParams, FileNotFoundException, TypeError] as {Connection#start_tls}
    def self.choice(answer, host)
      return if answer.nil?
      return identity(answer, host) if answer.is_a?(Hash)

      raise TypeError, "certificates of start_tls must have a Hash for #{host.inspect}: #{answer.inspect}"
    end

    def self.identity(options, host)
      identity = TLSIdentity.new(options)
      return identity.to_h if identity.certificate?

      raise BadParams, "certificates of start_tls have none for #{host.inspect}"
    end
    private_class_method :identity

    # @param options [Hash] as {Connection#start_tls}
    # @raise [BadParams, FileNotFoundException, TypeError, ArgumentError, RuntimeError] as
    #   {Connection#start_tls}
    def initialize(options)
      raise TypeError, "options of start_tls must be a Hash: #{options.inspect}" unless options.is_a?(Hash)

      @options = options
      @identity = TLSIdentity.new(options)
    end

    # @return [Array] the arguments of `EventMachine.set_tls_parms` after the signature: private_key_file,
    #   private_key, private_key_pass, cert_chain_file, cert, verify_peer, fail_if_no_peer_cert, sni_hostname,
    #   cipher_list, ecdh_curve, dhparam, protocols. Texts that are not given are empty, flags nil.
    def to_a
      [
        *@identity.to_h.values,
        @options[:verify_peer], @options[:fail_if_no_peer_cert],
        text(:sni_hostname), text(:cipher_list), text(:ecdh_curve), text(:dhparam),
        protocols
      ]
    end

    # @return [Hash, nil] the argument of `EventMachine.set_tls_options`; nil if none of {ADDITIONS} is given
    def additions
      return if ADDITIONS.none? { |name| @options[name] }

      {
        verify: flag(:verify), keylog: flag(:keylog),
        ca_file: path(:ca_file), ca_path: path(:ca_path), crl_file: path(:crl_file), ca: text(:ca),
        alpn: alpn, certificates: certificates, choose_certificate: !chooser.nil?, role: role
      }
    end

    # @return [#call, nil] returns the certificate for a host name
    def chooser
      certificates = @options[:certificates]
      certificates if certificates.respond_to?(:call)
    end

    private

    def text(name)
      TLSIdentity.text(@options, name)
    end

    def path(name)
      text(name).tap { |path| TLSIdentity.check_path(path) }
    end

    def flag(name)
      value = @options[name]
      return value || false if [true, false, nil].include?(value)

      raise TypeError, "#{name} of start_tls must be true or false: #{value.inspect}"
    end

    def role
      role = @options[:role]
      return role if ROLES.include?(role)

      raise ArgumentError, "role of start_tls must be :client or :server: #{role.inspect}"
    end

    def alpn
      names = @options[:alpn]
      return [] if names.nil?

      names = [names] if names.is_a?(String)
      unless names.is_a?(Array) && names.all?(String)
        raise TypeError, "alpn of start_tls must be an Array of Strings: #{names.inspect}"
      end

      unfit = names.find { |name| !ALPN_SIZES.cover?(name.bytesize) }
      raise ArgumentError, "alpn of start_tls takes names of 1 to 255 bytes: #{unfit.inspect}" if unfit

      names
    end

    def certificates
      by_host = @options[:certificates]
      return if by_host.nil? || chooser
      unless by_host.is_a?(Hash)
        raise TypeError, "certificates of start_tls must be a Hash or callable: #{by_host.inspect}"
      end

      by_host.to_h { |host, options| [host_name(host), self.class.choice(options || {}, host)] }
    end

    def host_name(host)
      return host if host.is_a?(String)

      raise TypeError, "certificates of start_tls must be by host name: #{host.inspect}"
    end

    def protocols
      version = @options[:ssl_version]
      return DEFAULT_PROTOCOLS if version.nil?

      names = version.is_a?(Array) ? version : [version]
      names.inject(0) { |bits, name| bits | protocol_bit(name) }
    end

    def protocol_bit(name)
      PROTOCOLS.fetch(name.to_s.downcase) { raise "Unrecognized SSL/TLS Protocol: #{name}" }
    end
  end
  private_constant :TLSParameters
end
