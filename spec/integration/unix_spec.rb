# frozen_string_literal: true

require "tmpdir"

RSpec.describe "Unix domain sockets" do
  let(:log) { [] }
  let(:directory) { Dir.mktmpdir }
  let(:path) { File.join(directory, "socket") }
  let(:echo) { Module.new { define_method(:receive_data) { |data| send_data(data) } } }
  let(:client) do
    entries = log
    Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
  end

  after { FileUtils.remove_entry(directory) }

  {
    "start_server and connect with the handler in the port's place" => lambda do
      EventMachine.start_server(path, echo)
      EventMachine.connect(path, client)
    end,
    "start_server and connect with no port" => lambda do
      EventMachine.start_server(path, nil, echo)
      EventMachine.connect(path, nil, client)
    end,
    "the methods of that name" => lambda do
      EventMachine.start_unix_domain_server(path, echo)
      EventMachine.connect_unix_domain(path, client)
    end
  }.each do |how, start|
    it "are opened by #{how}" do
      em { instance_exec(&start).send_data("data") }
      expect(log).to eq(["data"])
    end
  end

  it "take what a client sent that was gone before it was accepted" do
    em do
      EventMachine.start_unix_domain_server(path, client)
      UNIXSocket.open(path) { |socket| socket.write("data") }
    end
    expect(log).to eq(["data"])
  end

  it "give arguments and the connection on" do
    handler = Class.new(EventMachine::Connection) do
      attr_reader :arguments

      def initialize(*arguments)
        super
        @arguments = arguments
      end
    end
    em do
      EventMachine.start_server(path, handler, 1) { |connection| (log << connection.arguments) && done }
      EventMachine.connect(path, handler, 2, 3) { |connection| log << connection.arguments }
    end
    expect(log).to eq([[2, 3], [1]])
  end

  it "replace a socket that was left at the path" do
    UNIXServer.new(path).close
    em do
      EventMachine.start_unix_domain_server(path, echo)
      EventMachine.connect_unix_domain(path, client).send_data("data")
    end
    expect(log).to eq(["data"])
  end

  it "serve other programs' sockets" do
    em do
      EventMachine.start_unix_domain_server(path, echo)
      Thread.new do
        UNIXSocket.open(path) { |socket| socket.write("data") && (log << socket.readpartial(16)) }
        EventMachine.next_tick { done }
      end
    end
    expect(log).to eq(["data"])
  end

  it "connect an object anew" do
    completed = 0
    client = Module.new do
      define_method(:connection_completed) { (completed += 1) && close_connection }
      define_method(:unbind) { completed < 2 ? reconnect(@path, nil) : EventMachine.stop }
      define_method(:initialize) { |path| @path = path }
    end
    em do
      EventMachine.start_unix_domain_server(path)
      EventMachine.connect_unix_domain(path, client, path)
    end
    expect(completed).to eq(2)
  end

  it "are refused where nothing listens" do
    em do
      expect { EventMachine.connect_unix_domain(path) }.to raise_error(RuntimeError)
      done
    end
    expect(EventMachine.reactor_running?).to be(false)
  end
end
