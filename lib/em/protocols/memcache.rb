# frozen_string_literal: true

module EventMachine
  module Protocols
    # A client for memcached, with its text protocol.
    #
    # Commands that are given before the connection is established are sent afterwards. If the connection is lost,
    # the callbacks of pending commands are called as if the key did not exist, and the client reconnects after a
    # second. The connection is a Deferrable, which fails if the server cannot be reached.
    #
    # @example
    #   cache = EventMachine::Protocols::Memcache.connect("cache.internal")
    #   cache.get("page:42") do |page|
    #     page ? send_data(page) : render_page { |html| cache.set("page:42", html, 300) }
    #   end
    module Memcache
      include Deferrable

      # Answer to `set`: the value was stored.
      Cstored = "STORED"

      # End of the answer to `get`.
      Cend = "END"

      # Answer to `delete`: the key existed.
      Cdeleted = "DELETED"

      # Answer: there is no such key.
      Cunknown = "NOT_FOUND"

      # Answer: the command is unknown.
      Cerror = "ERROR"

      # Kept for compatibility.
      Cempty = ""

      # End of a line and of a value.
      Cdelimiter = "\r\n"

      # The server has sent an invalid answer.
      class ParserError < StandardError
      end

      MAX_LINE_LENGTH = 8 * 1024
      MAX_VALUE_LENGTH = 128 * 1024 * 1024
      RECONNECT_AFTER = 1
      VALUE = /\AVALUE (\S+) \d+ (\d{1,10})(?: \d+)?\z/
      Request = Struct.new(:kind, :keys, :callback)
      private_constant :MAX_LINE_LENGTH, :MAX_VALUE_LENGTH, :RECONNECT_AFTER, :VALUE, :Request

      # Connects to a server.
      #
      # @param host [String]
      # @param port [Integer]
      # @return [Memcache]
      def self.connect(host = "localhost", port = 11_211)
        EventMachine.connect(host, port, self, host, port)
      end

      # @param host [String] used to reconnect when the connection is lost
      # @param port [Integer]
      def initialize(host, port = 11_211)
        super()
        @host = host
        @port = port
        @requests = []
      end

      # Gets values. White space in keys becomes "_".
      #
      # @param keys [Array<#to_s>]
      # @yield with a value for each key, or nil if there is none
      # @raise [ArgumentError] without a key or a block
      # @return [self]
      def get(*keys, &callback)
        raise ArgumentError, "no key" if keys.empty?
        raise ArgumentError, "no block" unless callback

        keys = keys.map { |key| clean_key(key) }
        callback do
          send_line("get", *keys)
          @requests << Request.new(:get, keys, callback)
        end
      end

      # Sets a value.
      #
      # @param key [#to_s]
      # @param value [#to_s]
      # @param exptime [Integer] seconds until the value expires, 0 for never; past 30 days, a Unix time
      # @yield with true if it was stored
      # @return [self]
      def set(key, value, exptime = 0, &callback)
        value = value.to_s
        callback do
          send_cmd("set", clean_key(key), 0, exptime, value.bytesize, !callback)
          send_data(value)
          send_data(Cdelimiter)
          @requests << Request.new(:set, nil, callback) if callback
        end
      end

      # Gets values as a Hash.
      #
      # @param keys [Array<#to_s>]
      # @yield with the Hash of the keys as they were given, and their values or nil
      # @raise [ArgumentError] without a key or a block
      # @return [self]
      def get_hash(*keys)
        raise ArgumentError, "no block" unless block_given?

        get(*keys) { |*values| yield keys.zip(values).to_h }
      end

      # Deletes a key.
      #
      # @param key [#to_s]
      # @param expires [Integer] seconds, for servers that support it; 0 is not sent
      # @yield with true if the key existed
      # @return [self]
      def delete(key, expires = 0, &callback)
        callback do
          words = ["delete", clean_key(key)]
          words << expires unless expires == 0
          words << "noreply" unless callback
          send_line(*words)
          @requests << Request.new(:delete, nil, callback) if callback
        end
      end
      alias del delete

      # @return [void]
      def connection_completed
        @requests = []
        @buffer = String.new
        @values = {}
        @value_key = nil
        @connected = true
        @reconnecting = false
        succeed
      end

      # Takes the next chunk of the stream. An invalid answer closes the connection.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        return unless @buffer

        @buffer << data.b
        nil while @buffer && memcache_step
      rescue ParserError
        @buffer = nil
        close_connection
      end

      # Handles one line of an answer.
      #
      # @param line [String] without its end
      # @raise [ParserError] if it is invalid, or does not match the command
      # @return [void]
      # @api private
      def process_cmd(line)
        case line
        when VALUE then expect_value($1, $2.to_i)
        when Cend then answer_get
        when Cstored, Cdeleted then answer(true)
        when Cunknown, "NOT_STORED", "EXISTS" then answer(false)
        when Cerror, /\A(?:CLIENT|SERVER)_ERROR\b/ then answer_error
        else raise ParserError, "unknown answer: #{line[0, 80].inspect}"
        end
      end

      # @return [void]
      def unbind
        return lose_connection if @connected || @reconnecting

        fail
      end

      private

      def send_cmd(cmd, key, flags = 0, exptime = 0, bytes = 0, noreply = false)
        words = [cmd, key, flags, exptime, bytes]
        words << "noreply" if noreply
        send_line(*words)
      end

      def send_line(*words)
        send_data(words.join(" ") + Cdelimiter)
      end

      def clean_key(key)
        key.to_s.b.gsub(/[\x00-\x20\x7F]/n, "_")
      end

      # @return [Boolean] whether there may be more in the buffer
      def memcache_step
        @value_key ? take_value : take_line
      end

      def take_line
        stop = @buffer.index(Cdelimiter)
        if (stop || @buffer.bytesize) > MAX_LINE_LENGTH
          raise ParserError, "overlength line"
        elsif stop
          line = @buffer.byteslice(0, stop)
          @buffer = @buffer.byteslice(stop + 2, @buffer.bytesize)
          process_cmd(line)
          true
        end
      end

      def expect_value(key, size)
        raise ParserError, "value that nothing asked for" unless @requests.first&.kind == :get
        raise ParserError, "overlength value" if size > MAX_VALUE_LENGTH

        @value_key = key
        @value_size = size
      end

      def take_value
        return false if @buffer.bytesize < @value_size + 2
        raise ParserError, "value without end" unless @buffer.byteslice(@value_size, 2) == Cdelimiter

        @values[@value_key] = @buffer.byteslice(0, @value_size)
        @value_key = nil
        @buffer = @buffer.byteslice(@value_size + 2, @buffer.bytesize)
        true
      end

      def answer_get
        request = take_request { |kind| kind == :get }
        values = @values
        @values = {}
        request.callback.call(*values.values_at(*request.keys))
      end

      def answer(result)
        take_request { |kind| kind != :get }.callback.call(result)
      end

      # The server also reports errors of commands that expect no answer.
      def answer_error
        return if @requests.empty?

        @requests.first.kind == :get ? answer_get : answer(false)
      end

      def take_request
        expected = @requests.first && yield(@requests.first.kind)
        raise ParserError, "answer that nothing asked for" unless expected

        @requests.shift
      end

      def lose_connection
        requests = @requests
        @requests = []
        @connected = false
        @reconnecting = true
        @buffer = nil
        @deferred_status = nil
        EventMachine.add_timer(RECONNECT_AFTER) { reconnect(@host, @port) }
        requests.each { |request| request.callback.call(*(request.kind == :get ? [] : [false])) }
      end
    end
  end
end
