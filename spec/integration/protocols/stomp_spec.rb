# frozen_string_literal: true

require_relative "real_server"

RSpec.describe EventMachine::Protocols::Stomp do
  # Replaces Debian's program stompserver, which does not run on Ruby 3 because it sets class variables from outside.
  launcher = <<~RUBY
    require "etc"
    require "optparse"
    require "yaml"
    require "daemons/daemonize"
    require "stomp_server"
    EventMachine.run do
      options = StompServer::Configurator.new.opts
      engine = StompServer::Run.new(options)
      engine.start
      handler = StompServer::Protocols::Stomp
      handler.class_variable_set(:@@auth_required, engine.auth_required)
      handler.class_variable_set(:@@queue_manager, engine.queue_manager)
      handler.class_variable_set(:@@topic_manager, engine.topic_manager)
      handler.class_variable_set(:@@stompauth, engine.stompauth)
      EventMachine.start_server(options[:host], options[:port], handler)
    end
  RUBY

  before(:all) do
    RealServer.program("stompserver")
    @port = RealServer.free_port
    @server = RealServer.new
    @server.start_on(@port, "/usr/bin/ruby", @server.write("launcher.rb", launcher), "-b", "127.0.0.1",
                     "-p", @port.to_s, "-w", @server.directory, "-C", @server.write("empty.conf", "--- {}\n"))
  end

  after(:all) { @server&.stop }

  let(:handler) do
    Module.new do
      include EventMachine::Protocols::Stomp

      def connection_completed
        connect(login: "guest", passcode: "guest")
      end

      def receive_msg(message)
        @on_message.call(self, message)
      end
    end
  end

  def with_broker(&on_message)
    em do
      EventMachine.connect("127.0.0.1", @port, handler) do |connection|
        connection.instance_variable_set(:@on_message, on_message)
      end
    end
  end

  it "is welcomed" do
    welcome = nil
    with_broker do |_, message|
      welcome = message
      done
    end
    expect([welcome.command, welcome.header.keys]).to match(["CONNECTED", include("session")])
  end

  it "sends messages and receives them, bytes of any kind included" do
    bodies = ["plain", "", "zwölf\nlines\n\n", "with\0NUL", "x" * 200_000]
    received = []
    with_broker do |broker, message|
      case message.command
      when "CONNECTED"
        broker.subscribe("/queue/bodies")
        bodies.each { |body| broker.send("/queue/bodies", body) }
      when "MESSAGE"
        received << message
        done if received.size == bodies.size
      end
    end
    expect(received.map(&:body)).to eq(bodies.map(&:b))
    expect(received.map { |message| message.headers["destination"] }.uniq).to eq(["/queue/bodies"])
  end

  it "acknowledges messages, without which the broker sends no more" do
    received = []
    with_broker do |broker, message|
      case message.command
      when "CONNECTED"
        broker.subscribe("/queue/acks", true)
        broker.send("/queue/acks", "first", "x-own" => 1)
      when "MESSAGE"
        received << [message.body, message.header["x-own"]]
        next done if received.size == 2

        broker.ack(message.header["message-id"])
        broker.send("/queue/acks", "second", "x-own" => 2)
      end
    end
    expect(received).to eq([%w[first 1], %w[second 2]])
  end
end
