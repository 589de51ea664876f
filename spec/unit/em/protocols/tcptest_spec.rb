# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::TcpConnectTester do
  def outcome(port)
    result = nil
    em do
      tester = described_class.test("127.0.0.1", port)
      tester.callback do |seconds|
        result = [:open, seconds]
        done
      end
      tester.errback do |seconds|
        result = [:closed, seconds]
        done
      end
    end
    result
  end

  it "tells an open port from a closed one, and how long it took" do
    TCPServer.open("127.0.0.1", 0) do |server|
      expect(outcome(server.addr[1])).to match([:open, be_between(0, 5)])
    end
    expect(outcome(free_port)).to match([:closed, be_between(0, 5)])
  end
end
