# frozen_string_literal: true

module EventMachine
  # A connection or datagram could not be created or sent. The message has the reason.
  class ConnectionError < RuntimeError; end

  # An event came for a connection that `@conns` does not have.
  class ConnectionNotBound < RuntimeError; end

  # A TLS key, certificate or parameter cannot be read, or key and certificate do not match.
  class InvalidPrivateKey < RuntimeError; end

  # There is no file or process watch with this signature.
  class InvalidSignature < RuntimeError; end

  # A connection was accepted by a server that `@acceptors` does not have.
  class NoHandlerForAcceptedConnection < RuntimeError; end

  # A timer fired that `@timers` does not have.
  class UnknownTimerFired < RuntimeError; end

  # The platform does not support what was asked for.
  class Unsupported < RuntimeError; end

  # Subclasses of SystemCallError by error number.
  ERRNOS = { 1 => Errno::EPERM }.freeze

  # Opcode of {event_callback}.
  TimerFired = 100

  # Opcode of {event_callback}.
  ConnectionData = 101

  # Opcode of {event_callback}.
  ConnectionUnbound = 102

  # Opcode of {event_callback}.
  ConnectionAccepted = 103

  # Opcode of {event_callback}.
  ConnectionCompleted = 104

  # Opcode of {event_callback}.
  LoopbreakSignalled = 105

  # Opcode of {event_callback}.
  ConnectionNotifyReadable = 106

  # Opcode of {event_callback}.
  ConnectionNotifyWritable = 107

  # Opcode of {event_callback}.
  SslHandshakeCompleted = 108

  # Opcode of {event_callback}.
  SslVerify = 109

  # TLS version, for {set_tls_parms}.
  EM_PROTO_SSLv2 = 2

  # TLS version, for {set_tls_parms}.
  EM_PROTO_SSLv3 = 4

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1 = 8

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1_1 = 16

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1_2 = 32

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1_3 = 64

  # The TLS library that is built in, and the version of OpenSSL whose options it understands.
  OPENSSL_LIBRARY_VERSION = "rustls"

  # The same as {OPENSSL_LIBRARY_VERSION}.
  OPENSSL_VERSION = OPENSSL_LIBRARY_VERSION

  # Whether SSLv2 is not supported.
  OPENSSL_NO_SSL2 = true

  # Whether SSLv3 is not supported.
  OPENSSL_NO_SSL3 = true
end
