# frozen_string_literal: true

module EventMachine
  # The reason given to {Connection#unbind}, as a class, if {Connection#start_tls} had to `verify` the peer and its
  # certificate is not valid. {Connection#ssl_verify_error} has the details. All other TLS failures are
  # Errno::EPROTO itself.
  class CertificateError < Errno::EPROTO
    # The certificate, or an issuer's, has expired.
    class Expired < CertificateError; end

    # The certificate, or an issuer's, is not valid yet.
    class NotYetValid < CertificateError; end

    # The certificate was not issued by a trusted authority.
    class UnknownIssuer < CertificateError; end

    # The certificate is for another host.
    class NameMismatch < CertificateError; end

    # The certificate, or an issuer's, is on a revocation list.
    class Revoked < CertificateError; end

    # The peer presented no certificate.
    class Missing < CertificateError; end

    # The certificate is not trusted for another reason.
    class Untrusted < CertificateError; end
  end
end
