# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS against spoilt input", tls: true do
  let(:identity) { TLSAuthority.localhost.options }

  # Possible outcomes of a connection.
  let(:orderly) { [nil, Errno::EPROTO, Errno::ECONNRESET, Errno::EPIPE, Errno::ETIMEDOUT] }

  # Words, without anything that only programmers of TLS understand.
  let(:plain) { /\A(?!.*::)[a-z][a-z0-9 ,.:'()-]{5,120}\z/i }

  # Forwards data, changed by a block that gets the data and the offset of its first byte.
  class Spoiler < EventMachine::Connection
    attr_accessor :other

    def initialize(&change)
      super()
      @change = change
      @passed = 0
      @waiting = []
    end

    def receive_data(data)
      changed = @change ? @change.call(data, @passed) : [data]
      @passed += data.bytesize
      Array(changed).each { |piece| @waiting << piece }
      pass_on
    end

    # One piece in two turns, so that the receiver reads each by itself.
    def pass_on
      return if @passing || @waiting.empty?

      @passing = true
      other.send_data(@waiting.shift)
      EventMachine.next_tick { EventMachine.next_tick { pass_on_more } }
    end

    def pass_on_more
      @passing = false
      if @waiting.any?
        pass_on
      elsif @ended
        other.close_connection_after_writing
      end
    end

    def unbind
      @ended = true
      other.close_connection_after_writing unless @passing
    end
  end

  # Lets pairs of ends talk through proxies that change the data, all at once.
  #
  # @param changes [Array<Hash>] for each pair, by :client or :server what becomes of what that one sends
  # @param idle [Numeric] seconds after which a connection ends that is not heard of
  # @return [Array<Array(End, End)>] servers and clients
  def talk(changes, server: identity, client: {}, limit: 30, idle: idle_limit)
    meeting = TLSHelper::Meeting.new(2 * changes.size)
    pairs = []
    em(limit) do
      changes.each_with_index do |change, index|
        port = listen("127.0.0.1", TLSHelper::End.of(server, hurried(pong, idle)), meeting) do |made|
          (pairs[index] ||= [])[0] = made
        end
        relay = relay_to(port, change)
        (pairs[index] ||= [])[1] =
          EventMachine.connect("127.0.0.1", relay, TLSHelper::End.of(client, hurried(ping, idle)), meeting)
      end
    end
    pairs
  end

  def idle_limit
    1.5
  end

  def hurried(doings, idle = idle_limit)
    doings.merge(accepted: ->(connection) { connection.comm_inactivity_timeout = idle })
  end

  def relay_to(port, change)
    front = Class.new(Spoiler) { define_method(:initialize) { |*| super(&change[:client]) } }
    back = Class.new(Spoiler) { define_method(:initialize) { |*| super(&change[:server]) } }
    listen("127.0.0.1", front) do |accepted|
      accepted.other = EventMachine.connect("127.0.0.1", port, back)
      accepted.other.other = accepted
    end
  end

  def expect_orderly(pairs)
    reasons = pairs.flatten.map(&:reason).uniq
    expect(reasons - orderly).to be_empty
    expect(pairs.flatten.filter_map(&:error_text)).to all(match(plain))
    expect(pairs.map { |server, _| server.received }.uniq - ["", "ping"]).to be_empty
    expect(pairs.map { |_, client| client.received }.uniq - ["", "pong"]).to be_empty
  end

  def split_at(offset)
    lambda do |data, start|
      cut = offset - start
      cut.between?(1, data.bytesize - 1) ? [data.byteslice(0, cut), data.byteslice(cut..)] : [data]
    end
  end

  # How many bytes each side sends.
  def sizes(options)
    sent = { client: 0, server: 0 }
    count = sent.to_h do |side, _|
      [side, lambda do |data, _|
        sent[side] += data.bytesize
        [data]
      end]
    end
    talk([count], client: options)
    sent
  end

  %i[tlsv1_2 tlsv1_3].each do |version|
    it "takes records that are split at each byte, by #{version}", time_limit: 60 do
      options = { ssl_version: version }
      changes = sizes(options).flat_map do |side, size|
        (1...size).map { |offset| { side => split_at(offset) } }
      end
      expect(changes.size).to be > 600
      changes.each_slice(200) do |some|
        # All of them arrive, however long so many take.
        pairs = talk(some, client: options, idle: 60)
        expect(pairs.map { |server, client| [server.received, client.received] }.uniq).to eq([%w[ping pong]])
        expect(pairs.flatten.map(&:reason).uniq).to eq([nil])
      end
    end

    it "takes everything a byte at a time, by #{version}" do
      bytes = ->(data, _) { data.each_char.to_a }
      expect_success(*talk([{ client: bytes, server: bytes }], client: { ssl_version: version }).first)
    end

    it "ends in order where a byte is changed, at any stage, by #{version}", time_limit: 60 do
      random = Random.new(RSpec.configuration.seed)
      options = { ssl_version: version }
      sizes = sizes(options)
      changes = Array.new(200) do
        side = %i[client server].sample(random: random)
        { side => flip(random.rand(sizes[side]), 1 + random.rand(255)) }
      end
      pairs = talk(changes, client: options)
      expect_orderly(pairs)
      expect(pairs.count { |server, client| server.reason.nil? && client.reason.nil? }).to be < 50
    end

    it "ends in order where the stream ends early, by #{version}" do
      options = { ssl_version: version }
      changes = sizes(options).flat_map do |side, size|
        0.step(size, 23).map { |offset| { side => cut(offset) } }
      end
      expect_orderly(talk(changes, client: options))
    end

    it "ends in order where noise is put in between, by #{version}" do
      random = Random.new(RSpec.configuration.seed)
      changes = Array.new(100) do
        side = %i[client server].sample(random: random)
        offset = random.rand(800)
        noise = random.bytes(1 + random.rand(300))
        { side => ->(data, start) { insert(data, offset - start, noise) } }
      end
      expect_orderly(talk(changes, client: { ssl_version: version }))
    end
  end

  def flip(offset, mask)
    lambda do |data, start|
      at = offset - start
      data.setbyte(at, data.getbyte(at) ^ mask) if at.between?(0, data.bytesize - 1)
      [data]
    end
  end

  def cut(offset)
    ->(data, start) { [data.byteslice(0, (offset - start).clamp(0, data.bytesize))].reject(&:empty?) }
  end

  def insert(data, at, noise)
    return [data] unless at.between?(0, data.bytesize)

    [data.byteslice(0, at) + noise + data.byteslice(at..)]
  end

  {
    "HTTP" => "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "SSH" => "SSH-2.0-OpenSSH_9.2\r\n",
    "zeros" => "\0" * 100, "ones" => "\xff".b * 100, "an alert" => "\x15\x03\x01\x00\x02\x02\x28".b,
    "application data" => "\x17\x03\x03\x00\x05hello".b, "an empty record" => "\x16\x03\x01\x00\x00".b,
    "SSLv2" => "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10".b + ("\0" * 40)
  }.each do |what, greeting|
    it "answers #{what} by an alert, if at all, and Errno::EPROTO" do
      send = ->(client) { client.send_data(greeting) }
      server, client = converse(server: identity, client: nil, asks: { connected: send },
                                serves: hurried({}))
      expect([server.reason, server.secured?]).to eq([Errno::EPROTO, false])
      expect(client.received.b).to match(/\A(\x15\x03[\x01-\x03]\x00\x02\x02.)?\z/mn)
    end

    it "takes #{what} from a server for a failure" do
      send = ->(server) { server.send_data(greeting) }
      _, client = converse(server: nil, serves: { accepted: send }, asks: hurried({}))
      expect([client.reason, client.secured?]).to eq([Errno::EPROTO, false])
      expect(client.error_text).to match(plain)
    end
  end

  describe "ten thousand times" do
    # A client that sends something else and leaves.
    class Stranger < EventMachine::Connection
      def initialize(port, left)
        super()
        @port = port
        @left = left
      end

      def connection_completed
        send_data("GET / HTTP/1.0\r\n\r\n")
      end

      def unbind
        if (@left[0] -= 1).positive?
          EventMachine.connect("127.0.0.1", @port, Stranger, @port, @left) if @left[0] >= 20
        else
          EventMachine.stop
        end
      end
    end

    def fail_handshakes(count)
      handler = TLSHelper::End.of(identity, {})
      em(40) do
        port = listen("127.0.0.1", handler, TLSHelper::Meeting.new(count + 1))
        left = [count]
        20.times { EventMachine.connect("127.0.0.1", port, Stranger, port, left) }
      end
    end

    def resident
      GC.start
      File.read("/proc/self/status", encoding: "UTF-8")[/^VmRSS:\s+(\d+)/, 1].to_i
    end

    it "leaves nothing behind", time_limit: 90 do
      fail_handshakes(1000)
      before = resident
      expect { fail_handshakes(10_000) }.not_to leak_descriptors
      expect(resident - before).to be < 16 * 1024
    end

    it "leaves nothing behind of refused certificates" do
      wary = { verify: true, ca_file: TLSAuthority.root.file, sni_hostname: "other.example" }
      50.times { converse(server: identity, client: wary) }
      before = resident
      expect { 300.times { converse(server: identity, client: wary) } }.not_to leak_descriptors
      expect(resident - before).to be < 8 * 1024
    end
  end
end
