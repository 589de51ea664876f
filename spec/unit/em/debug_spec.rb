# frozen_string_literal: true

RSpec.describe "EM_DEBUG" do
  program = <<~'RUBY'
    module Echo
      def receive_data(data) = send_data(data)
    end

    class Client < EventMachine::Connection
      def connection_completed = send_data("hello")
      def receive_data(_data) = close_connection
      def unbind = EventMachine.stop
    end

    class Refused < EventMachine::Connection
      def unbind(reason)
        puts "refused: #{reason}"
        server = EventMachine.start_server("127.0.0.1", 0, Echo)
        port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
        EventMachine.connect("127.0.0.1", port, Client)
      end
    end

    EventMachine.run do
      closed = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
      EventMachine.add_timer(0.001) { EventMachine.connect("127.0.0.1", closed, Refused) }
    end
  RUBY

  it "writes a line for each event, and changes nothing else" do
    output, status = run_ruby(program, env: { "EM_DEBUG" => "1" })

    expect(status).to be_success
    expect(output.scan(/^refused: .*/)).to eq(["refused: Errno::ECONNREFUSED"])
    events = output.lines.grep(/\AEM \d+ \d+\.\d{6} /).map { |line| line.split(" ", 4).last.chomp }
    expect(events.first).to match(/\Arun \(#{Regexp.escape(EventMachine::VERSION)}, /)
    expect(events).to include(
      /\A#\d+ timer\z/, /\A#\d+ Refused unbind Errno::ECONNREFUSED\z/, /\A#\d+ start_server 127\.0\.0\.1 0\z/,
      /\A#\d+ Client connection_completed\z/, /\A#\d+ Echo::EM_CONNECTION_CLASS receive_data 5 bytes\z/,
      /\A#\d+ Client unbind\z/
    )
    expect(events.last).to eq("end of run")
  end

  it "has the module know timers by what the application gave" do
    output, status = run_ruby(<<~'RUBY', env: { "EM_DEBUG" => "1" })
      EventMachine.run do
        callback = proc { EventMachine.stop }
        signature = EventMachine.add_timer(0, callback)
        puts "known: #{EventMachine.instance_variable_get(:@timers)[signature] == callback}"
      end
    RUBY

    expect(status).to be_success
    expect(output.lines).to include("known: true\n", / #\d+ timer$/)
  end

  it "loads nothing where it is not set" do
    output, status = run_ruby('puts $LOADED_FEATURES.grep(%r{/em/debug\.rb\z}).size', env: { "EM_DEBUG" => nil })

    expect(status).to be_success
    expect(output).to eq("0\n")
  end
end
