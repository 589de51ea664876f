# frozen_string_literal: true

module EventMachine
  # The first descriptor that systemd passes on.
  FIRST_INHERITED = 3
  private_constant :FIRST_INHERITED

  class << self
    # The sockets that systemd, or another service manager, has opened for this process: sd_listen_fds(3). The
    # variables of the environment that tell of them are removed, so that child processes do not take them for
    # theirs, and the sockets are closed on exec. A second call returns the same ones.
    #
    # @example With `ListenStream=8080` in the service's .socket unit
    #   EventMachine.run do
    #     EventMachine.inherited_sockets.each { |socket| EventMachine.attach_server(socket, Website) }
    #   end
    #
    # @param name [String, nil] only those of this name (FileDescriptorName=)
    # @return [Array<Socket>] in the order of the unit's file; empty where there are none for this process
    # @raise [ArgumentError] if LISTEN_FDS is no number of descriptors
    def inherited_sockets(name = nil)
      @inherited_sockets = nil unless @inherited_sockets_pid == Process.pid
      @inherited_sockets_pid = Process.pid
      @inherited_sockets ||= take_inherited_sockets
      found = name ? @inherited_sockets.select { |_, its_name| its_name == name } : @inherited_sockets
      found.map(&:first)
    end

    private

    # @return [Array<Array(Socket, String)>]
    def take_inherited_sockets
      pid, count, names = %w[LISTEN_PID LISTEN_FDS LISTEN_FDNAMES].map { |variable| ENV.fetch(variable, nil) }
      return [] unless Integer(pid, exception: false) == Process.pid

      %w[LISTEN_PID LISTEN_FDS LISTEN_FDNAMES].each { |variable| ENV.delete(variable) }
      names = names.to_s.split(":")
      Array.new(inherited_count(count)) do |index|
        socket = Socket.for_fd(FIRST_INHERITED + index)
        socket.close_on_exec = true
        [socket, names[index].to_s]
      end
    end

    def inherited_count(text)
      return 0 if text.nil?

      count = Integer(text, 10, exception: false)
      return count if count && !count.negative?

      raise ArgumentError, "LISTEN_FDS is no number of descriptors: #{text.inspect}"
    end
  end
end
