# frozen_string_literal: true

module EventMachine
  # Converts any form of callback to an object that responds to `call`.
  #
  # @example The three forms
  #   EventMachine.Callback(receiver, :method_name)
  #   EventMachine.Callback(proc { |value| … })
  #   EventMachine.Callback { |value| … }
  # @param object [#call, Object, nil] a callable; or, with `method`, the receiver
  # @param method [Symbol, String, nil] name of the method to call on `object`, private ones included
  # @yield used if `object` is not callable
  # @return [#call] `object` itself, a lambda that sends `method` to it, or the block
  # @raise [ArgumentError] when there is nothing to call
  def self.Callback(object = nil, method = nil, &block)
    if object && method
      lambda { |*args, &given| object.__send__(method, *args, &given) }.ruby2_keywords
    elsif object.respond_to?(:call)
      object
    else
      block || raise(ArgumentError, "callable or block expected, not #{object.inspect}")
    end
  end
end
