# frozen_string_literal: true

require "json"

module ProtocolFuzz
  target("memcache", EventMachine::Protocols::Memcache, flood: "x" * 1024, limit: 1) do
    def initialize
      super("h")
      connection_completed
      get("a", "b") { |*values| note(:got, values) }
      set("a", "x") { |stored| note(:set, stored) }
      delete("a") { |deleted| note(:deleted, deleted) }
      get("c") { |value| note(:got, value) }
    end

    undef_method :unbind
  end

  # The serializers' own words may contain addresses of objects.
  objects = Module.new do
    def receive_object(object) = note(:object, object)
    def receive_error(message) = note(:error, message[/\A[^:]*/])
  end

  target("objects_json", EventMachine::Protocols::ObjectProtocol, flood: "\x7F" * 1024, limit: 1) do
    include objects

    def serializer = JSON
  end

  # NaN differs from itself, and objects of many classes do from their copies: classes are compared.
  target("objects_marshal", EventMachine::Protocols::ObjectProtocol, flood: "\x7F" * 1024, limit: 1) do
    include objects

    def receive_object(object) = note(:object, object.class.name)
  end

  target("postgres3", EventMachine::Protocols::Postgres3, flood: "\x7F" * 1024, limit: 1) do
    def initialize
      super
      connect("db", "user", "secret").callback { |*outcome| note(:connected, outcome) }
      2.times { query("select 1").callback { |*outcome| note(:answer, outcome) } }
    end
  end

  target("socks4", EventMachine::Protocols::Socks4, flood: "\xFF" * 1024, limit: 1) do
    def initialize
      super("127.0.0.1", 80)
    end

    def post_init = note(:post_init)
    def receive_data(data) = note(:stream, data)
  end
end
