# frozen_string_literal: true

module EventMachine
  class Scheduler
    # What `raise` makes of its arguments.
    module Exceptions
      # @return [Exception] what `raise` with these arguments raises
      # @raise [TypeError] when that is no exception
      def self.made(kind = RuntimeError, *arguments)
        kind, arguments = RuntimeError, [kind, *arguments] if kind.is_a?(String)
        message, backtrace = arguments
        raise TypeError, "exception class/object expected" unless kind.respond_to?(:exception)

        made = message.nil? ? kind.exception : kind.exception(message)
        raise TypeError, "exception object expected" unless made.is_a?(Exception)

        made.set_backtrace(backtrace) if backtrace
        made
      end
    end
    private_constant :Exceptions
  end
end
