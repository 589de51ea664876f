# frozen_string_literal: true

module EventMachine
  module Protocols
    # Sends and receives Ruby objects. On the wire, each is its length (four bytes in network order) and its dump.
    #
    # The default serializer is Marshal. Use it with trusted peers only, because loading a dump can create objects
    # of any class.
    #
    # Objects that are larger than {MaxObjectSize}, or that the serializer cannot load, are errors:
    # +receive_error+ is called with a message if the object has that method, and the connection is closed.
    #
    # @example Calculator that speaks JSON
    #   class Calculator < EventMachine::Connection
    #     include EventMachine::Protocols::ObjectProtocol
    #
    #     def serializer = JSON
    #
    #     def receive_object(numbers)
    #       send_object("sum" => numbers.sum)
    #     end
    #   end
    module ObjectProtocol
      # Maximum size of a dump in bytes. A class may define a constant of its own with this name.
      MaxObjectSize = 64 * 1024 * 1024

      PREFIX = 4
      MAX_QUOTE = 200
      private_constant :PREFIX, :MAX_QUOTE

      # Converts objects to strings and back. Override it to use another format.
      #
      # @return [#dump, #load]
      def serializer
        Marshal
      end

      # Takes the next chunk of the stream and calls {#receive_object} for each object it completes.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        return if @object_protocol_failed

        @buf = @buf ? @buf << data.b : data.b
        while (dump = object_protocol_next)
          object_protocol_load(dump)
        end
      end

      # Called with every object. Override it.
      #
      # @param object [Object]
      # @return [void]
      def receive_object(object); end

      # Sends an object.
      #
      # @param object [Object]
      # @return [void]
      def send_object(object)
        dump = serializer.dump(object)
        send_data([dump.bytesize, dump].pack("Na*"))
      end

      private

      def object_protocol_next
        return if @object_protocol_failed || @buf.bytesize < PREFIX

        size = @buf.unpack1("N")
        limit = (self.class.const_defined?(:MaxObjectSize) ? self.class : ObjectProtocol)::MaxObjectSize
        if size > limit
          object_protocol_fail("overlength object")
          return
        end
        return if @buf.bytesize < PREFIX + size

        dump = @buf.byteslice(PREFIX, size)
        @buf = @buf.byteslice(PREFIX + size, @buf.bytesize)
        dump
      end

      # Loading a dump can exhaust the memory or the stack, or autoload a class whose file is missing.
      def object_protocol_load(dump)
        object = serializer.load(dump)
      rescue StandardError, ScriptError, SystemStackError, NoMemoryError => e
        # Serializers quote what they cannot load.
        object_protocol_fail("unreadable object: #{e.message.scrub[0, MAX_QUOTE]}")
      else
        receive_object(object)
      end

      def object_protocol_fail(message)
        @object_protocol_failed = true
        @buf = nil
        receive_error(message) if respond_to?(:receive_error, true)
        close_connection if respond_to?(:close_connection, true)
      end
    end
  end
end
