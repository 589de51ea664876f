# frozen_string_literal: true

module EventMachine
  # Options of {Connection#start_tls} contradict each other.
  class BadParams < Exception; end

  # Both `:cert` and `:cert_chain_file` were given to {Connection#start_tls}.
  class BadCertParams < BadParams; end

  # Both `:private_key` and `:private_key_file` were given to {Connection#start_tls}.
  class BadPrivateKeyParams < BadParams; end

  # A file named in the options of {Connection#start_tls} does not exist.
  class FileNotFoundException < Exception; end
end
