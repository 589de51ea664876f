# frozen_string_literal: true

module EventMachine
  class << self
    # Turns what an application gave as a handler into the class to make connections of. A module is mixed
    # into a subclass of `klass`, which is kept in the module as EM_CONNECTION_CLASS.
    #
    # @param klass [Class] what the handler must descend from
    # @param handler [Class, Module, nil] nil, or false, stands for `klass` itself
    # @param args what `initialize` is going to receive
    # @return [Class]
    # @raise [TypeError] if the handler is no module
    # @raise [ArgumentError] if the class does not descend from `klass`, or does not take these arguments
    def klass_from_handler(klass = Connection, handler = nil, *args)
      connection_class = connection_class_of(klass, handler)
      check_arity(connection_class, args)
      connection_class
    end
    ruby2_keywords :klass_from_handler

    private

    def connection_class_of(klass, handler)
      case handler
      when nil, false then klass
      when Class
        return handler if handler <= klass

        raise ArgumentError, "must provide module or subclass of #{klass.name}"
      when Module then class_mixing_in(klass, handler)
      else raise TypeError, "wrong argument type #{handler == true || handler.class} (expected Module)"
      end
    end

    def class_mixing_in(klass, handler)
      if handler.const_defined?(:EM_CONNECTION_CLASS, false)
        known = handler.const_get(:EM_CONNECTION_CLASS, false)
        return known if known <= klass

        return Class.new(klass) { include handler }
      end
      handler.const_set(:EM_CONNECTION_CLASS, Class.new(klass) { include handler })
    end

    def check_arity(klass, args)
      arity = klass.instance_method(:initialize).arity
      expected = arity.negative? ? -(arity + 1) : arity
      return if arity.negative? ? args.size >= expected : args.size == expected

      raise ArgumentError,
            "wrong number of arguments for #{klass}#initialize (#{args.size} for #{expected})"
    end

    # @return [Integer, nil] the port; nil if it is none, but the handler of a Unix domain address
    def port_number(port)
      port.is_a?(Integer) ? port : Integer(port, exception: false)
    end

    # Opens a descriptor, makes its object and yields that. In another thread than the reactor's, no event of
    # the descriptor is told before all this is done.
    def make(klass, args, open)
      connection = nil
      know(open) do |signature|
        connection = register(klass, signature, args)
        yield connection if block_given?
      end
      connection
    end

    # Opens a descriptor and yields its signature; no event of it is told meanwhile.
    def know(open)
      return yield(open.call) if reactor_thread?

      signature = hold_back(&open)
      begin
        yield signature
      ensure
        claim(signature)
      end
    end

    def hold_back
      hold_opened(true)
      yield
    ensure
      hold_opened(false)
    end

    # Makes the object of a descriptor that the reactor has just taken over.
    def register(klass, signature, args)
      @conns[signature] = klass.new(signature, *args)
    rescue Exception
      abandon(signature)
      raise
    end

    # The handler could not be made: the descriptor is closed all the same.
    def abandon(signature)
      @conns[signature] = Connection.allocate.tap { |connection| connection.signature = signature }
      close_connection(signature, false)
    end
  end
end
