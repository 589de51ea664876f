# frozen_string_literal: true

module EventMachine
  # Calls something once, when a descriptor is ready: see {EventMachine.wait_readable} and
  # {EventMachine.wait_writable}.
  class ReadinessWatch < Watch
    # @param io [IO, #to_io, Integer] as {EventMachine.wait_readable}
    # @param direction [Symbol] `:readable` or `:writable`
    # @param timeout [Numeric, nil] as {EventMachine.wait_readable}
    # @param callback [#call, nil] what to call; the block, if nil
    # @raise [ArgumentError] if the direction is another
    # @raise [RuntimeError, IOError, TypeError, FloatDomainError] as {EventMachine.wait_readable}
    def initialize(io, direction, timeout = nil, callback = nil, &block)
      raise ArgumentError, "no direction: #{direction.inspect}" unless %i[readable writable].include?(direction)

      EventMachine.__send__(:require_reactor, "wait_#{direction}")
      # Its own descriptor, since the application may have a connection of that one, or close it.
      @io = duplicate(io)
      super(callback || block)
      @descriptor = WatchedDescriptor.new(@io, direction) { finish(true) }
      @timer = EventMachine.__send__(:part_of_watch, Timer.new(timeout) { finish(false) }) if timeout
    rescue StandardError
      retire if active?
      release if @io
      raise
    end

    private

    def duplicate(io)
      opened = io.is_a?(Integer) ? IO.for_fd(io, autoclose: false) : IO.try_convert(io)
      raise TypeError, "neither an IO nor a descriptor: #{io.inspect}" unless opened

      opened.dup
    end

    def finish(ready)
      return unless active?

      release
      conclude(ready)
    end

    def release
      @timer&.cancel
      @descriptor&.release
      @io.close
    end
  end

  class << self
    # Calls something once, when a descriptor can be read, or has come to its end. It is left as it is: {watch} and
    # {attach} of the same one go on. A regular file is ready at once.
    #
    # @example
    #   EventMachine.wait_readable(pipe, 5) { |ready| ready ? puts(pipe.gets) : warn("nothing for 5 s") }
    # @param io [IO, #to_io, Integer] an IO object, or a descriptor
    # @param timeout [Numeric, nil] seconds; nil waits for ever
    # @param callback [#call, nil] what to call with true, or with false when it took longer; the block, if nil
    # @return [ReadinessWatch]
    # @raise [TypeError] if it is neither an IO nor a descriptor
    # @raise [IOError] if it is closed
    # @raise [FloatDomainError] if the timeout is infinite or not a number
    # @raise [RuntimeError] when no reactor runs
    def wait_readable(io, timeout = nil, callback = nil, &block)
      ReadinessWatch.new(io, :readable, timeout, callback, &block)
    end

    # Calls something once, when a descriptor can be written to. All else is as in {wait_readable}.
    #
    # @param io [IO, #to_io, Integer] an IO object, or a descriptor
    # @param timeout [Numeric, nil] seconds; nil waits for ever
    # @param callback [#call, nil] as for {wait_readable}
    # @return [ReadinessWatch]
    # @raise [TypeError, IOError, FloatDomainError, RuntimeError] as {wait_readable}
    def wait_writable(io, timeout = nil, callback = nil, &block)
      ReadinessWatch.new(io, :writable, timeout, callback, &block)
    end
  end
end
