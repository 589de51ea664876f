# frozen_string_literal: true

module EventMachine
  module Deferrable
    # Lets a method accept a value, or a Deferrable that will have one.
    #
    # @param arg [#call, Deferrable, Object] a callable is called without arguments and replaced by its
    #   result
    # @param callback [Proc, nil] added to a Deferrable; the block, if nil
    # @param errback [Proc, nil] added to a Deferrable
    # @return [Object] the Deferrable or the value
    # @raise [TypeError] if a callback is not a Proc
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
