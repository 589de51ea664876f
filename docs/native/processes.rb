# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Files and processes

    # See {watch_process}, which calls this.
    #
    # @param pid [Integer]
    # @return [Integer] signature
    # @raise [Unsupported] if the process cannot be watched
    def watch_pid(pid); end

    # See {ProcessWatch#stop_watching}, which calls this.
    #
    # @param signature [Integer] the watch's
    # @return [nil]
    # @raise [InvalidSignature] if it has ended
    def unwatch_pid(signature); end

    # Starts a child process. {popen} calls this.
    #
    # @param arguments [Array<String>] the program, then its argv, which begins with its name
    # @return [Integer] signature
    # @raise [RuntimeError] if the array is empty, or has 2,048 elements or more
    def invoke_popen(arguments); end

    # See {Connection#get_pid}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Integer, nil]
    def get_subprocess_pid(signature); end

    # See {Connection#get_status}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Process::Status, nil]
    def get_subprocess_status(signature); end

    # @!endgroup
  end
end
