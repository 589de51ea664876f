# frozen_string_literal: true

require "openssl"

# Makes certificates with whatever in them, right or wrong. Keys are made once.
module TLSCertificates
  AUTHORITY = { "basicConstraints" => ["CA:TRUE", true], "keyUsage" => ["keyCertSign, cRLSign", true],
                "subjectKeyIdentifier" => ["hash", false] }.freeze

  KEYS = Hash.new do |keys, name|
    keys[name] =
      case name
      when :rsa1024 then OpenSSL::PKey::RSA.new(1024)
      when :rsa2048 then OpenSSL::PKey::RSA.new(2048)
      when :p521 then OpenSSL::PKey::EC.generate("secp521r1")
      else OpenSSL::PKey::EC.generate("prime256v1")
      end
  end
  private_constant :KEYS

  # @return [OpenSSL::PKey::PKey] the key of a certificate that {#make} has made
  def self.key_of(certificate)
    (@owners ||= {}.compare_by_identity).fetch(certificate)
  end

  # Notes whose key it is.
  def self.own(certificate, key)
    (@owners ||= {}.compare_by_identity)[certificate] = key
    certificate
  end

  # Makes a certificate, of an authority unless `change` says otherwise.
  #
  # @param name [String] the common name
  # @param key [Symbol] which key to use: one is made for each name, on P-256 by default
  # @param issuer [OpenSSL::X509::Certificate, nil] nil for a self-signed one
  # @param change [Hash] extensions by name, each [value, critical, issuer] or nil for none; and fields:
  #   :lifetime in seconds from now, :version, :serial, :digest, :key, :email
  # @return [OpenSSL::X509::Certificate]
  def make(name, key, issuer: nil, change: {})
    key = KEYS[change.fetch(:key, key)]
    made = OpenSSL::X509::Certificate.new
    made.version = change.fetch(:version, 2)
    made.serial = change.fetch(:serial) { TLSCertificates.next_serial }
    made.subject = subject(name, change[:email])
    made.issuer = issuer ? issuer.subject : made.subject
    made.public_key = key
    lifetime = change.fetch(:lifetime, -3600..86_400)
    made.not_before, made.not_after = lifetime.minmax.map { |seconds| Time.now + seconds }
    extend_certificate(made, issuer, AUTHORITY.merge(change)) if made.version == 2
    made.sign(issuer ? TLSCertificates.key_of(issuer) : key, OpenSSL::Digest.new(change.fetch(:digest, "SHA256")))
    TLSCertificates.own(made, key)
  end

  def self.next_serial
    @serial = @serial.to_i + 1
  end

  private

  def subject(name, email)
    OpenSSL::X509::Name.new([["CN", name], *([["emailAddress", email]] if email)])
  end

  def extend_certificate(made, issuer, extensions)
    factory = OpenSSL::X509::ExtensionFactory.new
    factory.subject_certificate = made
    factory.config = OpenSSL::Config.parse("[section]\nCN=peer.test\n")
    extensions.each do |name, (value, critical, named)|
      next if value.nil? || name.is_a?(Symbol)

      factory.issuer_certificate = named || issuer || made
      made.add_extension(extension(factory, name, value, critical))
    end
  end

  # Of those without a name the value is DER.
  def extension(factory, name, value, critical)
    return OpenSSL::X509::Extension.new(name, value, critical) if name.match?(/\A\d/)

    factory.create_extension(name, value, critical)
  end
end
