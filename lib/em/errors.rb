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

  # Options of {Connection#start_tls} contradict each other.
  class BadParams < Exception; end

  # Both `:cert` and `:cert_chain_file` were given to {Connection#start_tls}.
  class BadCertParams < BadParams; end

  # Both `:private_key` and `:private_key_file` were given to {Connection#start_tls}.
  class BadPrivateKeyParams < BadParams; end

  # A file named in the options of {Connection#start_tls} does not exist.
  class FileNotFoundException < Exception; end
end
