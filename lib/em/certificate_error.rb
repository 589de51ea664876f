# frozen_string_literal: true

module EventMachine
  # What {Connection#unbind} is given, as a class, when {Connection#start_tls} was told to `verify` the peer and
  # its certificate did not hold. {Connection#ssl_verify_error} has the details. Every other failure of TLS is
  # Errno::EPROTO itself.
  class CertificateError < Errno::EPROTO
    # The certificate, or an issuer's, is past its time.
    class Expired < CertificateError; end

    # The certificate's time, or an issuer's, has not come yet.
    class NotYetValid < CertificateError; end

    # Nobody who is trusted has issued the certificate.
    class UnknownIssuer < CertificateError; end

    # The certificate is for other hosts.
    class NameMismatch < CertificateError; end

    # The certificate, or an issuer's, is on a revocation list.
    class Revoked < CertificateError; end

    # The peer presented no certificate.
    class Missing < CertificateError; end

    # The certificate is not to be trusted for another reason.
    class Untrusted < CertificateError; end
  end
end
