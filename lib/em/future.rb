# frozen_string_literal: true

module EventMachine
  module Deferrable
    # Lets a method take a value and a value to come alike.
    #
    # @param arg [#call, Deferrable, Object] a callable is called without arguments, and what it returns
    #   stands for it
    # @param callback [Proc, nil] added to a Deferrable; the block, where nil
    # @param errback [Proc, nil] added to a Deferrable
    # @return [Object] the Deferrable or the value
    # @raise [TypeError] if a callback is no proc
    def self.future(arg, callback = nil, errback = nil, &block)
      arg = arg.call if arg.respond_to?(:call)
      return arg unless arg.respond_to?(:set_deferred_status)

      callback ||= block
      arg.callback(&callback) if callback
      arg.errback(&errback) if errback
      arg
    end
  end
end
