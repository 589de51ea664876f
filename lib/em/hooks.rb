# frozen_string_literal: true

module EventMachine
  # Calls something at a point of the loop or of the process: see {EventMachine.on_fork}.
  class Hook < Watch
    # @param kind [Symbol] `:fork`
    # @param callback [#call, nil] what to call; the block, if nil
    # @raise [RuntimeError] when no reactor runs
    def initialize(kind, callback = nil, &block)
      EventMachine.__send__(:require_reactor, "on_#{kind}")
      super(callback || block)
      @kind = kind
    end

    private

    def forked
      occur if @kind == :fork
    end
  end

  class << self
    # Calls something in each child that is forked, before `fork` returns there, to close what the parent uses on,
    # or to seed a generator of random numbers. What it raises leaves `fork`. The other watches of the parent have
    # ended in the child by then, or end; the loop may be used only by a child that goes on with it.
    #
    # @example
    #   EventMachine.on_fork { Cache.connection.close }
    # @param callback [#call, nil] what to call; the block, if nil
    # @return [Hook]
    # @raise [RuntimeError] when no reactor runs
    def on_fork(callback = nil, &block)
      Hook.new(:fork, callback, &block)
    end
  end
end
