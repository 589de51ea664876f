# frozen_string_literal: true

require "socket"

RSpec.describe "Twenty thousand descriptors", time_limit: 60 do
  # Both ends of each connection are in this process. If the limit cannot be raised, there are fewer.
  let(:count) { [(EventMachine.set_descriptor_table_size(20_200) - 200) / 2, 10_000].min }

  let(:echo) do
    Module.new do
      def receive_data(data)
        send_data(data)
      end
    end
  end

  # Sends its number once all are connected, and counts the answers.
  let(:client) do
    Class.new(EventMachine::Connection) do
      def initialize(tally, number)
        @tally = tally
        @number = number.to_s
        @answer = +""
      end

      def connection_completed
        @tally[:connected] << self
      end

      def ask
        send_data(@number)
      end

      def receive_data(data)
        @answer << data
        return unless @answer.bytesize == @number.bytesize

        @tally[:wrong] << @answer unless @answer == @number
        @tally[:answered] += 1
        EventMachine.stop if @tally[:answered] == @tally[:wanted]
      end
    end
  end

  it "are connected, answered and closed, and leave nothing behind" do
    tally = { connected: [], answered: 0, wrong: [], wanted: count }
    cycle = lambda do
      em(50) do
        server = EventMachine.start_server("127.0.0.1", 0, echo)
        port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))[0]
        connect = EventMachine::Iterator.new(0...count, 500)
        connect.each(proc { |number, iterator|
          EventMachine.connect("127.0.0.1", port, client, tally, number)
          EventMachine.next_tick { iterator.next }
        })
        EventMachine.tick_loop do
          next unless tally[:connected].size == count

          tally[:connected].each(&:ask)
          :stop
        end
      end
    end
    expect(count).to be > 4_000
    expect(&cycle).not_to leak_descriptors
    expect(tally).to include(answered: count, wrong: [])
  end
end

RSpec.describe "A peer that is killed", time_limit: 20 do
  # Connects, says hello, and waits to be killed.
  let(:program) { 's = TCPSocket.new("127.0.0.1", ARGV[0].to_i); s.write("hello"); sleep' }

  it "ends its own connection, and no other" do
    ended = []
    survivor = []
    em(15) do
      server = EventMachine.start_server("127.0.0.1", 0) do |connection|
        connection.define_singleton_method(:receive_data) do |data|
          next send_data(data.upcase) if data == "still here"

          Process.kill(:KILL, @peer = EventMachine.instance_variable_get(:@killed))
        end
        connection.define_singleton_method(:unbind) do |reason|
          ended << reason
          survivor[0].send_data("still here")
        end
      end
      port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))[0]
      survivor << EventMachine.connect("127.0.0.1", port)
      survivor[0].define_singleton_method(:receive_data) do |data|
        survivor << data
        EventMachine.stop
      end
      ruby = [RbConfig.ruby, "--disable-gems", "-rsocket", "-e", program, port.to_s]
      EventMachine.instance_variable_set(:@killed, Process.spawn(*ruby))
    end
    Process.wait(EventMachine.remove_instance_variable(:@killed))
    expect(ended.first).to be_nil.or eq(Errno::ECONNRESET)
    expect(survivor[1]).to eq("STILL HERE")
  end
end
