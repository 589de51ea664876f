# frozen_string_literal: true

module EventMachine
  # A descriptor that a watch is made of: calls back while it is ready.
  class WatchedDescriptor < Connection
    # @param io [IO]
    # @param direction [Symbol] `:readable` or `:writable`
    # @return [WatchedDescriptor]
    def self.watch(io, direction, &callback)
      descriptor = EventMachine.watch(io, self, callback) { |watch| watch.public_send("notify_#{direction}=", true) }
      EventMachine.__send__(:part_of_watch, descriptor)
    end

    def initialize(callback)
      super
      @callback = callback
    end

    # @return [void]
    def notify_readable
      @callback.call
    end

    # @return [void]
    def notify_writable
      @callback.call
    end
  end
  private_constant :WatchedDescriptor
end
