# frozen_string_literal: true

module EventMachine
  class << self
    # Hands a descriptor over to the reactor, which sets it non-blocking, reads it into
    # {Connection#receive_data}, and closes it in the end. {Connection#detach} hands it back.
    #
    # @param io [#fileno, Integer] the IO object, or its descriptor
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError] also when the handler has `notify_readable` or `notify_writable`, which are for
    #   {watch}
    # @raise [IOError] when the IO object is closed
    def attach(io, handler = nil, *args, &block)
      attach_io(io, false, handler, *args, &block)
    end
    ruby2_keywords :attach

    # Tells when a descriptor can be read or written, by `notify_readable` and `notify_writable` of the
    # handler, and does nothing else to it. Which of the two is called is chosen by
    # {Connection#notify_readable=} and {Connection#notify_writable=}. {Connection#detach} ends it.
    #
    # @param io [#fileno, Integer] the IO object, or its descriptor
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [IOError] when the IO object is closed
    def watch(io, handler = nil, *args, &block)
      attach_io(io, true, handler, *args, &block)
    end
    ruby2_keywords :watch

    # What {attach} and {watch} do.
    #
    # @param io [#fileno, Integer] the IO object, or its descriptor
    # @param watch_mode [Boolean] true for {watch}
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError, TypeError, IOError] as {attach}
    def attach_io(io, watch_mode, handler = nil, *args)
      klass = klass_from_handler(Connection, handler, *args)
      refuse_notifications(klass) unless watch_mode
      descriptor = descriptor_of(io)
      make(klass, args, -> { attach_fd(descriptor, watch_mode) }) do |connection|
        # The IO object is kept, lest the descriptor be closed when it is collected.
        connection.instance_variable_set(:@io, io)
        connection.instance_variable_set(:@watch_mode, watch_mode)
        connection.instance_variable_set(:@fd, descriptor)
        yield connection if block_given?
      end
    end
    ruby2_keywords :attach_io

    # Reads what is typed into {Connection#receive_data}, byte by byte: what is not read when the connection is
    # closed is left to others.
    #
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def open_keyboard(handler = nil, *args, &block)
      klass = klass_from_handler(Connection, handler, *args)
      make(klass, args, -> { read_keyboard }, &block)
    end
    ruby2_keywords :open_keyboard

    # Tells when a file is modified, moved or deleted; see {FileWatch}.
    #
    # @param filename [String] path of an existing file or directory
    # @param handler [Class, Module, nil] a subclass of {FileWatch}, or a module
    # @param args given to `initialize`
    # @yieldparam watch [FileWatch]
    # @return [FileWatch]
    # @raise [Unsupported] when the file cannot be watched
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def watch_file(filename, handler = nil, *args)
      klass = klass_from_handler(FileWatch, handler, *args)
      make(klass, args, -> { watch_filename(filename) }) do |watch|
        watch.instance_variable_set(:@path, filename)
        yield watch if block_given?
      end
    end
    ruby2_keywords :watch_file

    # Tells when a process exits, and where the system tells it, when it forks; see {ProcessWatch}.
    #
    # @param pid [Integer] id of a running process
    # @param handler [Class, Module, nil] a subclass of {ProcessWatch}, or a module
    # @param args given to `initialize`
    # @yieldparam watch [ProcessWatch]
    # @return [ProcessWatch]
    # @raise [Unsupported] when the process cannot be watched
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def watch_process(pid, handler = nil, *args)
      pid = pid.to_i
      klass = klass_from_handler(ProcessWatch, handler, *args)
      make(klass, args, -> { watch_pid(pid) }) do |watch|
        watch.instance_variable_set(:@pid, pid)
        yield watch if block_given?
      end
    end
    ruby2_keywords :watch_process

    # Kept for compatibility: no reactor writes to regular files.
    #
    # @param filename [String]
    # @param _handler [Class, Module, nil]
    # @raise [Unsupported] always
    def _open_file_for_writing(filename, _handler = nil)
      raise Unsupported, "#{filename} cannot be opened for writing by the reactor: use File"
    end

    private

    def refuse_notifications(klass)
      return unless klass.method_defined?(:notify_readable) || klass.method_defined?(:notify_writable)

      raise ArgumentError, "notify_readable/writable with EM.attach is not supported. " \
                           "Use EM.watch(io){ |c| c.notify_readable = true }"
    end
  end
end
