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

  # @return [Array(Array<String>, String)] the events that are logged, and the rest of the output
  def debug(program, value: "1")
    output, status = run_ruby(program, env: { "EM_DEBUG" => value })
    expect(status).to be_success, output
    events, rest = output.lines(chomp: true).partition { |line| line.match?(/\AEM \d+ \d+\.\d{6} /) }
    [events.map { |line| line.split(" ", 4).last }, rest.join("\n")]
  end

  it "writes a line for each event, and changes nothing else" do
    events, rest = debug(program)

    expect(rest).to eq("refused: Errno::ECONNREFUSED")
    expect(events.first).to match(/\Arun \(#{Regexp.escape(EventMachine::VERSION)}, /)
    expect(events).to include(
      /\A#\d+ add_timer 0\.001 s -e:\d+\z/, /\A#\d+ timer -e:\d+\z/,
      /\A#\d+ connect 127\.0\.0\.1:\d+\z/, /\A#\d+ Refused new\z/,
      /\A#\d+ Refused unbind Errno::ECONNREFUSED\z/, /\A#\d+ Client connection_completed\z/,
      /\A#\d+ Echo::EM_CONNECTION_CLASS receive_data 5 bytes\z/, /\A#\d+ send_data 5 bytes\z/,
      /\A#\d+ close_connection\z/, /\A#\d+ Client unbind\z/, "stop"
    )
    expect(events.last).to eq("end of run")
  end

  it "is switched on by true as well, and by nothing else" do
    expect(debug("EventMachine.run(until_idle: true) { nil }", value: "true").first).not_to be_empty
    expect(debug("EventMachine.run(until_idle: true) { nil }", value: "0").first).to be_empty
  end

  it "names the real port of a server, and the peers that it accepts" do
    events, rest = debug(<<~'RUBY')
      module Quit
        def unbind = EventMachine.stop
      end
      EventMachine.run do
        server = EventMachine.start_server("127.0.0.1", 0, Quit)
        port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
        client = EventMachine.connect("127.0.0.1", port) { |connection| connection.close_connection_after_writing }
        puts port
        EventMachine.stop_server(EventMachine.start_server("127.0.0.1", 0))
      end
    RUBY

    expect(events).to include(
      /\A#\d+ start_server 127\.0\.0\.1:#{rest}\z/, /\A#\d+ stop_server\z/,
      /\A#\d+ Quit::EM_CONNECTION_CLASS accepted from 127\.0\.0\.1:\d+\z/,
      /\A#\d+ close_connection after writing\z/
    )
  end

  it "logs ticks, periodic and cancelled timers, and deferred work" do
    events, = debug(<<~'RUBY')
      EventMachine.run do
        EventMachine.cancel_timer(EventMachine.add_timer(9) { nil })
        called = Queue.new
        periodic = EventMachine.add_periodic_timer(0.001) { (called << true) && periodic.cancel }
        EventMachine.next_tick do
          EventMachine.defer(-> { called.pop }, ->(_) { EventMachine.stop })
        end
      end
    RUBY

    expect(events).to include(
      /\A#\d+ cancel_timer\z/, /\A#\d+ add_periodic_timer 0\.001 s -e:4\z/,
      /\A#\d+ periodic timer -e:4\z/, "next_tick -e:5", "defer -e:6",
      /\Adeferred work -e:6 took \d+ ms\z/, "deferred result -e:6"
    )
  end

  it "tells who sent a datagram, and to whom one is sent" do
    events, rest = debug(<<~'RUBY')
      module Last
        def receive_data(_data) = EventMachine.stop
      end
      EventMachine.run do
        sockets = [Last, nil].map { |handler| EventMachine.open_datagram_socket("127.0.0.1", 0, handler) }
        ports = sockets.map { |socket| Socket.unpack_sockaddr_in(socket.get_sockname).first }
        sockets.last.send_datagram("hello", "127.0.0.1", ports.first)
        puts ports
      end
    RUBY
    receiver, sender = rest.split

    expect(events).to include(
      /\A#\d+ open_datagram_socket 127\.0\.0\.1:#{receiver}\z/,
      /\A#\d+ send_datagram 5 bytes to 127\.0\.0\.1:#{receiver}\z/,
      /\A#\d+ Last::EM_CONNECTION_CLASS receive_data 5 bytes from 127\.0\.0\.1:#{sender}\z/
    )
  end

  it "reports callbacks that block the loop" do
    events, = debug(<<~'RUBY')
      EventMachine.run do
        EventMachine.next_tick { sleep 0.11 }
        EventMachine.next_tick { EventMachine.stop }
      end
    RUBY

    expect(events).to include(/\Anext_tick -e:2 took \d{3,} ms, and blocked the loop\z/)
  end

  it "reports handlers that nothing calls, and misspelt callbacks" do
    events, = debug(<<~'RUBY')
      class Misspelt < EventMachine::Connection
        include EventMachine::Protocols::LineText2
        def recieve_line(line) = line
        def unbnd = nil
        def helper = nil
      end
      class Deaf < EventMachine::Connection; end
      class Fine < EventMachine::Connection
        def receive_data(data) = data
      end
      EventMachine.run_block do
        reader, writer = IO.pipe
        [Misspelt, Deaf, Deaf, Fine].each { |handler| EventMachine.attach(writer.dup, handler) }
      end
    RUBY

    expect(events.grep(/never called|overrides none/)).to eq([
      "Misspelt defines recieve_line, which is never called. Did you mean receive_line?",
      "Misspelt defines unbnd, which is never called. Did you mean unbind?",
      "Deaf overrides none of the callbacks, such as receive_data and unbind"
    ])
  end

  it "says that data is not handled" do
    events, = debug(<<~'RUBY')
      EventMachine.run do
        server = EventMachine.start_server("127.0.0.1", 0) { |connection| def connection.unbind = EventMachine.stop }
        port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
        EventMachine.connect("127.0.0.1", port) do |client|
          client.send_data("hello")
          client.close_connection_after_writing
        end
      end
    RUBY

    expect(events).to include(/receive_data 5 bytes \(not handled: receive_data is not overridden\)\z/)
  end

  it "calls no method of the application by mistake" do
    _, rest = debug(<<~'RUBY')
      class Busy < EventMachine::Connection
        def event(*) = puts("called")
        def method(*) = puts("called")
        def callback(*) = puts("called")
        def unbind = EventMachine.stop
      end
      EventMachine.run { EventMachine.attach(IO.pipe.last, Busy) { |connection| connection.close_connection } }
    RUBY

    expect(rest).to be_empty
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
    expect(output.lines).to include("known: true\n", / #\d+ timer -e:2$/)
  end

  it "loads nothing where it is not set" do
    output, status = run_ruby('puts $LOADED_FEATURES.grep(%r{/em/debug\.rb\z}).size', env: { "EM_DEBUG" => nil })

    expect(status).to be_success
    expect(output).to eq("0\n")
  end
end
