# frozen_string_literal: true

module EventMachine
  # A descriptor that a watch is made of: calls back while it is ready, until it is released. Programs may close all
  # connections that they find, and it is among these; so it is watched again when somebody else has ended that.
  class WatchedDescriptor
    # @param io [IO]
    # @param direction [Symbol] `:readable` or `:writable`
    def initialize(io, direction, &callback)
      @io = io
      @notify = :"notify_#{direction}="
      @callback = callback
      @released = false
      watch
    end

    # Leaves the descriptor open.
    #
    # @return [void]
    def release
      @released = true
      @entry&.detach
    end

    # @return [void]
    def ready
      @callback.call unless @released
    end

    # The loop may be about to end, after which there are no more ticks.
    #
    # @return [void]
    def ended
      @entry = nil
      EventMachine.next_tick { watch } unless @released
    end

    private

    def watch
      return if @released

      EventMachine.watch(@io, Entry, self) do |entry|
        @entry = EventMachine.__send__(:part_of_watch, entry)
        entry.public_send(@notify, true)
      end
    end

    # What it is among the connections.
    class Entry < Connection
      def initialize(descriptor)
        super
        @descriptor = descriptor
      end

      # @return [void]
      def notify_readable
        @descriptor.ready
      end

      # @return [void]
      def notify_writable
        @descriptor.ready
      end

      # @return [void]
      def unbind
        @descriptor.ended
      end
    end
    private_constant :Entry
  end
  private_constant :WatchedDescriptor
end
