# frozen_string_literal: true

module EventMachine
  # Checks the options of {Connection#start_tls} and puts them into the form that the reactor takes.
  class TLSParameters
    # What `:ssl_version` may name, in lower case, and the bit that stands for it.
    PROTOCOLS = {
      "sslv2" => EM_PROTO_SSLv2,
      "sslv3" => EM_PROTO_SSLv3,
      "tlsv1" => EM_PROTO_TLSv1,
      "tlsv1_1" => EM_PROTO_TLSv1_1,
      "tlsv1_2" => EM_PROTO_TLSv1_2,
      "tlsv1_3" => EM_PROTO_TLSv1_3
    }.freeze

    # The protocols in use when `:ssl_version` is not given.
    DEFAULT_PROTOCOLS = EM_PROTO_TLSv1 | EM_PROTO_TLSv1_1 | EM_PROTO_TLSv1_2 | EM_PROTO_TLSv1_3

    # @param options [Hash] as {Connection#start_tls}
    # @raise [BadParams, FileNotFoundException, TypeError, RuntimeError] as {Connection#start_tls}
    def initialize(options)
      raise TypeError, "options of start_tls must be a Hash: #{options.inspect}" unless options.is_a?(Hash)

      @options = options
      check_sources
      check_files
      check_certificate
    end

    # @return [Array] what `EventMachine.set_tls_parms` takes after the signature: private_key_file,
    #   private_key, private_key_pass, cert_chain_file, cert, verify_peer, fail_if_no_peer_cert, sni_hostname,
    #   cipher_list, ecdh_curve, dhparam, protocols. Texts that are not given are empty, flags nil.
    def to_a
      [
        text(:private_key_file), text(:private_key), text(:private_key_pass),
        text(:cert_chain_file), text(:cert),
        @options[:verify_peer], @options[:fail_if_no_peer_cert],
        text(:sni_hostname), text(:cipher_list), text(:ecdh_curve), text(:dhparam),
        protocols
      ]
    end

    private

    def text(name)
      value = @options[name]
      value = value.to_path if value.respond_to?(:to_path)
      return value || "" if !value || value.is_a?(String)

      raise TypeError, "#{name} of start_tls must be a String: #{value.inspect}"
    end

    def given?(name)
      !text(name).empty?
    end

    def check_sources
      if given?(:cert) && given?(:cert_chain_file)
        raise BadCertParams, "Specifying both cert and cert_chain_file not allowed"
      end
      return unless given?(:private_key) && given?(:private_key_file)

      raise BadPrivateKeyParams, "Specifying both private_key and private_key_file not allowed"
    end

    def check_files
      %i[private_key_file cert_chain_file].each do |name|
        file = text(name)
        next if file.empty? || File.exist?(file)

        raise FileNotFoundException, "Could not find #{file} for start_tls"
      end
    end

    def check_certificate
      return unless given?(:private_key) || given?(:private_key_file)
      return if given?(:cert) || given?(:cert_chain_file)

      raise BadParams, "You have specified a private key to use, but not the related cert"
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
