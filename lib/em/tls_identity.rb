# frozen_string_literal: true

module EventMachine
  # Checks the options of {Connection#start_tls} for a private key and its certificate.
  class TLSIdentity
    # The options.
    NAMES = %i[private_key_file private_key private_key_pass cert_chain_file cert].freeze

    # The text of an option; empty if it is not given.
    #
    # @param options [Hash]
    # @param name [Symbol]
    # @return [String]
    # @raise [TypeError] if it is neither a String nor a path
    def self.text(options, name)
      value = options[name]
      value = value.to_path if value.respond_to?(:to_path)
      return value || "" if !value || value.is_a?(String)

      raise TypeError, "#{name} of start_tls must be a String: #{value.inspect}"
    end

    # Checks that a file or directory exists.
    #
    # @param path [String] may be empty
    # @return [void]
    # @raise [FileNotFoundException]
    # @raise [ArgumentError] if it has a NUL byte
    def self.check_path(path)
      return if path.empty? || exist?(path)

      raise FileNotFoundException, "Could not find #{path} for start_tls"
    end

    # From Ruby 3.4 on a fiber lets others run meanwhile: what the peer sends then would not be taken for TLS.
    def self.exist?(path)
      return File.exist?(path) unless ::Fiber.current_scheduler

      ::Fiber.new(blocking: true) { File.exist?(path) }.resume
    end
    private_class_method :exist?

    # @param options [Hash] as {Connection#start_tls}
    # @raise [BadParams, FileNotFoundException, TypeError] as {Connection#start_tls}
    def initialize(options)
      @texts = NAMES.to_h { |name| [name, self.class.text(options, name)] }
      check_sources
      @texts.fetch_values(:private_key_file, :cert_chain_file).each { |path| self.class.check_path(path) }
      check_certificate
    end

    # @return [Hash{Symbol => String}] all {NAMES}; empty if not given
    def to_h
      @texts
    end

    # @return [Boolean] whether a certificate is given
    def certificate?
      given?(:cert) || given?(:cert_chain_file)
    end

    private

    def given?(name)
      !@texts.fetch(name).empty?
    end

    def check_sources
      if given?(:cert) && given?(:cert_chain_file)
        raise BadCertParams, "Specifying both cert and cert_chain_file not allowed"
      end
      return unless given?(:private_key) && given?(:private_key_file)

      raise BadPrivateKeyParams, "Specifying both private_key and private_key_file not allowed"
    end

    def check_certificate
      return if certificate? || !(given?(:private_key) || given?(:private_key_file))

      raise BadParams, "You have specified a private key to use, but not the related cert"
    end
  end
  private_constant :TLSIdentity
end
