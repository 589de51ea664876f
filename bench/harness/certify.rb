# frozen_string_literal: true

module Bench
  # The beginning of programs that make their own certificates.
  CERTIFY = <<~RUBY
    require "openssl"

    def certify(key)
      certificate = OpenSSL::X509::Certificate.new
      certificate.version = 2
      certificate.serial = 1
      certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
      certificate.not_before = Time.now - 3600
      certificate.not_after = Time.now + 86_400
      certificate.public_key = key
      certificate.sign(key, OpenSSL::Digest.new("SHA256"))
    end

    def identity(key)
      { private_key: key.private_to_pem, cert: certify(key).to_pem }
    end
  RUBY
end
