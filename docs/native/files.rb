# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Files and processes

    # See {Connection#send_file_data}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param filename [String]
    # @return [Integer] 0
    def send_file_data(signature, filename); end

    # See {watch_file}, which calls this.
    #
    # @param filename [String]
    # @return [Integer] signature
    # @raise [Unsupported] if the file cannot be watched
    def watch_filename(filename); end

    # See {FileWatch#stop_watching}, which calls this.
    #
    # @param signature [Integer] the watch's
    # @return [nil]
    # @raise [InvalidSignature] if it has ended
    def unwatch_filename(signature); end

    # @!endgroup
  end
end
