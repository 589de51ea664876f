# frozen_string_literal: true

RSpec.describe EventMachine, ".event_callback" do
  let(:connection) { spy("connection") }
  let(:conns) { { 7 => connection } }
  let(:acceptors) { {} }
  let(:timers) { {} }

  before do
    @kept = %i[@conns @acceptors @timers].to_h { |name| [name, described_class.instance_variable_get(name)] }
    { :@conns => conns, :@acceptors => acceptors, :@timers => timers }
      .each { |name, value| described_class.instance_variable_set(name, value) }
  end

  after { @kept.each { |name, value| described_class.instance_variable_set(name, value) } }

  {
    ConnectionData: :receive_data, ConnectionCompleted: :connection_completed,
    ConnectionNotifyReadable: :notify_readable, ConnectionNotifyWritable: :notify_writable,
    SslHandshakeCompleted: :ssl_handshake_completed, SslVerify: :ssl_verify_peer
  }.each do |opcode, method|
    it "calls #{method} for #{opcode}" do
      described_class.event_callback(7, described_class.const_get(opcode), "data")
      expect(connection).to have_received(method)
    end

    it "knows no receiver of #{opcode} by an unknown signature" do
      expect { described_class.event_callback(8, described_class.const_get(opcode), "data") }
        .to raise_error(EventMachine::ConnectionNotBound, /unknown signature: 8/)
    end
  end

  it "hands over the data" do
    described_class.event_callback(7, EventMachine::ConnectionData, "data")
    expect(connection).to have_received(:receive_data).with("data")
  end

  describe "with ConnectionUnbound" do
    def unbound(errno, &unbind)
      object = Object.new
      object.define_singleton_method(:unbind, &unbind)
      conns[7] = object
      described_class.event_callback(7, EventMachine::ConnectionUnbound, errno)
    end

    it "gives the reason to those who take one" do
      expect(unbound(Errno::ECONNRESET::Errno) { |reason| reason }).to equal(Errno::ECONNRESET)
      expect(unbound(Errno::ETIMEDOUT::Errno) { |reason = nil| reason }).to equal(Errno::ETIMEDOUT)
      expect(unbound(0) { |reason| reason }).to be_nil
    end

    it "gives none to those who take none" do
      expect(unbound(Errno::ECONNRESET::Errno) { :called }).to eq(:called)
    end

    it "forgets the connection before it tells it" do
      known = conns
      unbound(0) { known.key?(7) }.tap { |result| expect(result).to be(false) }
    end

    it "forgets a server" do
      acceptors[9] = [EventMachine::Connection, [], nil]
      described_class.event_callback(9, EventMachine::ConnectionUnbound, 0)
      expect(acceptors).to be_empty
    end

    it "complains of an unknown signature" do
      expect { described_class.event_callback(8, EventMachine::ConnectionUnbound, 0) }
        .to raise_error(EventMachine::ConnectionNotBound, /unknown signature: 8/)
    end
  end

  describe "with ConnectionAccepted" do
    it "makes the connection and calls the server's block" do
      seen = nil
      klass = Class.new(EventMachine::Connection) do
        attr_reader :argument

        def initialize(argument)
          super
          @argument = argument
        end
      end
      acceptors[9] = [klass, [:argument], ->(made) { seen = made }]
      made = described_class.event_callback(9, EventMachine::ConnectionAccepted, 10)
      expect(made).to be_a(klass).and have_attributes(signature: 10, argument: :argument)
      expect(conns[10]).to equal(made)
      expect(seen).to equal(made)
    end

    it "complains of an unknown server" do
      expect { described_class.event_callback(8, EventMachine::ConnectionAccepted, 10) }
        .to raise_error(EventMachine::NoHandlerForAcceptedConnection, /8/)
    end
  end

  describe "with TimerFired" do
    it "calls what was registered, once" do
      timers[3] = -> { :fired }
      expect(described_class.event_callback(0, EventMachine::TimerFired, 3)).to eq(:fired)
      expect(timers).to be_empty
    end

    it "passes over a timer that is false" do
      timers[3] = false
      expect(described_class.event_callback(0, EventMachine::TimerFired, 3)).to be_nil
      expect(timers).to be_empty
    end

    it "complains of an unknown timer" do
      expect { described_class.event_callback(0, EventMachine::TimerFired, 4) }
        .to raise_error(EventMachine::UnknownTimerFired, "timer data: 4")
    end
  end

  it "makes the calls of next_tick for LoopbreakSignalled" do
    called = false
    described_class.next_tick { called = true }
    expect(described_class.event_callback(0, EventMachine::LoopbreakSignalled, nil)).to eq(1)
    expect(called).to be(true)
  end

  it "does nothing for any other opcode" do
    expect(described_class.event_callback(7, 999, nil)).to be_nil
  end
end
