# frozen_string_literal: true

module EventMachine
  class << self
    # Converts a handler to the class of connections. A module is mixed into a new subclass of `klass`, which is
    # stored in the module as EM_CONNECTION_CLASS.
    #
    # @param klass [Class] what the handler must descend from
    # @param handler [Class, Module, nil] nil, or false, stands for `klass` itself
    # @param args the arguments for `initialize`
    # @return [Class]
    # @raise [TypeError] if the handler is not a module
    # @raise [ArgumentError] if the class does not descend from `klass`, or does not accept these arguments
    def klass_from_handler(klass = Connection, handler = nil, *args)
      handler_class(klass, handler, args)
    end
    ruby2_keywords :klass_from_handler

    private

    def handler_class(klass, handler, args)
      connection_class = connection_class_of(klass, handler)
      check_arity(connection_class, args)
      connection_class
    end

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
      arity = arity_of_initialize(klass)
      expected = arity.negative? ? -(arity + 1) : arity
      return if arity.negative? ? args.size >= expected : args.size == expected

      raise ArgumentError,
            "wrong number of arguments for #{klass}#initialize (#{args.size} for #{expected})"
    end

    # @return [Integer, nil] the port; nil if the argument is not a port but the handler for a Unix domain socket
    def port_number(port)
      port.is_a?(Integer) ? port : Integer(port, exception: false) || service_port(port)
    end

    # @return [Integer, nil] the port of a service, as in services(5)
    def service_port(name, protocol = "tcp")
      Socket.getservbyname(name, protocol) if name.is_a?(String)
    rescue SocketError
      nil
    end

    # In a thread other than the reactor's, the descriptors that the block opens have no events until it has
    # ended. In the reactor's there cannot be any meanwhile.
    def hold_events
      return yield unless hold_opened

      begin
        yield
      ensure
        claim_opened
      end
    end

    # Creates the object for a new descriptor of the reactor.
    def register(klass, signature, args)
      connection = args.empty? ? klass.new(signature) : klass.new(signature, *args)
      @conns[signature] = connection
    ensure
      # Also if a throw or the end of the thread leaves `initialize`.
      abandon(signature) unless connection
    end

    # The object could not be created, so the descriptor is closed.
    def abandon(signature)
      @conns[signature] = Connection.allocate.tap { |connection| connection.signature = signature }
      close_connection(signature, false)
    end
  end
end
