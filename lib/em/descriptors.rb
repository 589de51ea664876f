# frozen_string_literal: true

module EventMachine
  class << self
    # Adds a descriptor to the reactor. The reactor sets it non-blocking, passes what it reads to
    # {Connection#receive_data}, and closes it at the end. {Connection#detach} gives it back.
    #
    # @param io [#fileno, Integer] the IO object, or its descriptor
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError] also if the handler has `notify_readable` or `notify_writable`, which are for
    #   {watch}
    # @raise [IOError] when the IO object is closed
    def attach(io, handler = nil, *args, &block)
      attach_io(io, false, handler, *args, &block)
    end
    ruby2_keywords :attach

    # Watches a descriptor: calls the handler's `notify_readable` when it is readable, `notify_writable` when it is
    # writable, and `notify_priority` when it has urgent data: out-of-band data of TCP (tcp(7)), or what else
    # POLLPRI of poll(2) stands for. {Connection#notify_readable=}, {Connection#notify_writable=} and
    # {Connection#notify_priority=} switch these on. They are called in each turn in which the condition holds, that
    # of urgent data first. The reactor does not read, write or close the descriptor. {Connection#detach} ends the
    # watch.
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

    # {attach} and {watch} call this.
    #
    # @param io [#fileno, Integer] the IO object, or its descriptor
    # @param watch_mode [Boolean] true for {watch}
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError, TypeError, IOError] as {attach}
    def attach_io(io, watch_mode, handler = nil, *args)
      klass = handler_class(Connection, handler, args)
      refuse_notifications(klass) unless watch_mode
      descriptor = descriptor_of(io)
      hold_events do
        connection = register(klass, attach_fd(descriptor, watch_mode), args)
        # The reference keeps the IO object from being collected, which would close the descriptor.
        connection.instance_variable_set(:@io, io)
        connection.instance_variable_set(:@watch_mode, watch_mode)
        connection.instance_variable_set(:@fd, descriptor)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :attach_io

    # Reads from standard input, one byte at a time: {Connection#receive_data} is called with each. What has not
    # been read when the connection is closed is left for the next reader.
    #
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def open_keyboard(handler = nil, *args)
      klass = handler_class(Connection, handler, args)
      hold_events do
        connection = register(klass, read_keyboard, args)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :open_keyboard

    # Watches a file: calls the handler when it is modified, moved or deleted. See {FileWatch}.
    #
    # @param filename [String] path of a file or directory, which must exist unless the handler has
    #   {FileWatch#file_created}
    # @param handler [Class, Module, nil] a subclass of {FileWatch}, or a module
    # @param args given to `initialize`
    # @yieldparam watch [FileWatch]
    # @return [FileWatch]
    # @raise [Unsupported] when the file cannot be watched
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def watch_file(filename, handler = nil, *args)
      klass = handler_class(FileWatch, handler, args)
      hold_events do
        signature = awaits_file?(klass) ? await_filename(filename) : watch_filename(filename)
        watch = register(klass, signature, args)
        watch.instance_variable_set(:@path, filename)
        watch.__send__(:made)
        yield watch if block_given?
        watch
      end
    end
    ruby2_keywords :watch_file

    # Watches a process: calls the handler when it exits and, on some systems, when it forks. See
    # {ProcessWatch}.
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
      klass = handler_class(ProcessWatch, handler, args)
      hold_events do
        watch = register(klass, watch_pid(pid), args)
        watch.instance_variable_set(:@pid, pid)
        watch.__send__(:made)
        yield watch if block_given?
        watch
      end
    end
    ruby2_keywords :watch_process

    # Kept for compatibility. It is not supported.
    #
    # @param filename [String]
    # @param _handler [Class, Module, nil]
    # @raise [Unsupported] always
    def _open_file_for_writing(filename, _handler = nil)
      raise Unsupported, "#{filename} cannot be opened for writing by the reactor: use File"
    end

    private

    def awaits_file?(klass)
      klass.instance_method(:file_created).owner != FileWatch
    end

    def refuse_notifications(klass)
      return unless klass.method_defined?(:notify_readable) || klass.method_defined?(:notify_writable)

      raise ArgumentError, "notify_readable/writable with EM.attach is not supported. " \
                           "Use EM.watch(io){ |c| c.notify_readable = true }"
    end
  end
end
