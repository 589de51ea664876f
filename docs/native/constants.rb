# frozen_string_literal: true

module EventMachine
  # Subclasses of SystemCallError by error number.
  ERRNOS = { 1 => Errno::EPERM }.freeze

  # The TLS library that is built in, and the version of OpenSSL whose options it understands.
  OPENSSL_LIBRARY_VERSION = "rustls"

  # The same as {OPENSSL_LIBRARY_VERSION}.
  OPENSSL_VERSION = OPENSSL_LIBRARY_VERSION

  # Whether SSLv2 is not supported.
  OPENSSL_NO_SSL2 = true

  # Whether SSLv3 is not supported.
  OPENSSL_NO_SSL3 = true
end
