# frozen_string_literal: true

# What streams are made with, and asked for.
RSpec.describe EventMachine::Stream do
  # What the block raises, as text.
  def refusal
    yield
    nil
  rescue StandardError, EventMachine::FileNotFoundException => error
    "#{error.class}: #{error.message}"
  end

  wrong = {
    { read_limit: "x" } => 'TypeError: read_limit must be an Integer: "x"',
    { read_limit: 0 } => "ArgumentError: read_limit must be at least 1: 0",
    { high: nil } => "TypeError: high must be an Integer: nil",
    { high: 1.5 } => "TypeError: high must be an Integer: 1.5",
    { high: 2**63 } => "ArgumentError: high is too large: 9223372036854775808",
    { low: :x } => "TypeError: low must be an Integer: :x",
    { high: 10, low: 10 } => "ArgumentError: low must be below high: 10, 10",
    { low: -1 } => "ArgumentError: low must be at least 0: -1",
    { timeout: "x" } => 'TypeError: timeout must be a number: "x"',
    { timeout: 0 } => "ArgumentError: timeout must be positive: 0",
    { timeout: Float::NAN } => "ArgumentError: timeout is not a number: NaN",
    { tls: 5 } => "TypeError: options of start_tls must be a Hash: 5",
    { tls: { cert_chain_file: "/nowhere" } } =>
      "EventMachine::FileNotFoundException: Could not find /nowhere for start_tls",
    { wrong: 1 } => "ArgumentError: unknown keyword: :wrong"
  }
  wrong.each do |options, message|
    it "is neither served nor connected with #{options}" do
      server = client = count = nil
      in_fiber do
        server = refusal { EventMachine.serve("127.0.0.1", 0, **options) { nil } }
        client = refusal { described_class.connect("127.0.0.1", 1, **options) }
        settle
        count = EventMachine.connection_count
      end
      expect([server, client, count]).to eq([message, message, 0])
    end
  end

  it "is neither served nor connected without a host" do
    in_fiber do
      [[nil], [nil, 80]].each do |address|
        expect { EventMachine.serve(*address) { nil } }.to raise_error(TypeError, /nil/)
        expect { described_class.connect(*address) }.to raise_error(TypeError, /nil/)
      end
      expect(EventMachine.connection_count).to eq(0)
    end
  end

  it "is not served to fewer than one" do
    in_fiber do
      expect { EventMachine.serve("127.0.0.1", 0, max_connections: 0) { nil } }.to raise_error(ArgumentError, /0/)
      expect(EventMachine.connection_count).to eq(0)
    end
  end

  it "goes on at a quarter of the limit that is given alone" do
    options = [{}, { high: 1000 }, { high: 1 }].map do |given|
      described_class.const_get(:Options).new(**given).then { |made| [made.high, made.low] }
    end
    expect(options).to eq([[65_536, 16_384], [1000, 250], [1, 0]])
  end

  it "refuses to read what makes no sense, before it waits" do
    refusals = in_fiber do
      port = port_of(EventMachine.serve("127.0.0.1", 0, &:read))
      described_class.connect("127.0.0.1", port) do |stream|
        [-> { stream.read("all") }, -> { stream.readpartial(nil) }, -> { stream.gets(5) },
         -> { stream.gets(limit: 1.5) }, -> { stream.timeout = "soon" }].map { |call| refusal(&call) }
      end
    end
    expect(refusals).to eq(['TypeError: length must be an Integer: "all"', "TypeError: length must be an Integer: nil",
                            "TypeError: the separator must be a String: 5", "TypeError: limit must be an Integer: 1.5",
                            'TypeError: timeout must be a number: "soon"'])
  end

  it "leaves no connection behind when its making is cancelled", :tls do
    hello = in_fiber do
      listener = TCPServer.new("127.0.0.1", 0)
      making = EventMachine.fiber { described_class.connect("127.0.0.1", listener.addr[1], tls: true) }
      peer = listener.accept
      first = peer.readpartial(1)
      making.cancel
      first + peer.read
    end
    expect(hello).to start_with("\x16")
  end
end
