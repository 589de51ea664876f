# frozen_string_literal: true

require_relative "../../support/name_server"

# Which name servers the resolver asks, for what, and by which protocol.
RSpec.describe EventMachine::DNS::Resolver do
  ipv4 = Resolv::DNS::Resource::IN::A
  ipv6 = Resolv::DNS::Resource::IN::AAAA

  let(:asked) { [] }

  before { forget }
  after { forget }

  def forget
    %i[@hosts @nameservers @socket].each { |name| described_class.instance_variable_set(name, nil) }
  end

  # Runs the reactor with name servers at the addresses, all at one port, until a request has ended.
  #
  # @return [Array] what its callback or its errback was given
  def resolve(name, hosts: ["127.0.0.1"], interval: 3600, **options, &respond)
    outcome = nil
    em do
      yield_with_address = ->(host) { ->(query) { respond.call(query, host) } }
      # Below those that the system gives to clients, which may have them for TCP.
      @port = rand(20_000..30_000)
      NameServer.open(hosts.first, @port, &yield_with_address[hosts.first])
      hosts.drop(1).each { |host| NameServer.open(host, @port, &yield_with_address[host]) }
      stub_const("EventMachine::DNS::Socket::PORT", @port)
      stub_const("EventMachine::DNS::Socket::TICK", 0.002)
      described_class.nameservers = hosts
      request = described_class.resolve(name, **options)
      request.retry_interval = interval
      request.callback { |addresses| (outcome = addresses) && done }
      request.errback { |reason| (outcome = reason) && done }
    end
    outcome
  end

  def type(query)
    query.message.question.first.last
  end

  # Answers by TCP what the block makes of a question.
  def stream_server(&respond)
    EventMachine.start_server("127.0.0.1", @port, Module.new do
      define_method(:receive_data) do |data|
        query = Resolv::DNS::Message.decode(data.byteslice(2..))
        answer = respond.call(query)
        answer ? send_data([answer.bytesize, answer].pack("na*")) : close_connection
      end
    end)
  end

  def long_answer(query, count = 200)
    message = Resolv::DNS::Message.new(query.id)
    message.qr = 1
    message.add_question(*query.question.first)
    name, type = query.question.first
    count.times { |n| message.add_answer(name, 60, type.new("192.0.2.#{n}")) }
    message.encode
  end

  describe "the families" do
    def both(query)
      asked << type(query)
      type(query) == Resolv::DNS::Resource::IN::A ? query.answer("192.0.2.1") : query.answer("2001:db8::1")
    end

    it "are IPv4 where a name has such addresses" do
      expect(resolve("both") { |query| both(query) }).to eq(["192.0.2.1"])
      expect(asked).to eq([ipv4])
    end

    it "are IPv6 where it has none" do
      found = resolve("only6") { |query| type(query) == ipv4 ? query.answer : both(query) }
      expect([found.map(&:downcase), asked]).to eq([["2001:db8::1"], [ipv6]])
    end

    it "are none where it has neither" do
      expect(resolve("none") { |query| asked << type(query) && query.answer }).to eq("rcode=0")
      expect(asked).to eq([ipv4, ipv6])
    end

    it "are the one that is asked for" do
      families = [:INET6, Socket::AF_INET6].map { |family| resolve("both", family: family) { |query| both(query) } }
      expect([families.flatten.map(&:downcase), asked]).to eq([["2001:db8::1"] * 2, [ipv6] * 2])
      expect(resolve("only6", family: :INET) { |query| query.answer }).to eq("rcode=0")
    end

    it "are those of the file of hosts, too" do
      hosts = { "both" => ["192.0.2.7", "2001:db8::7"], "v4" => ["192.0.2.7"] }
      allow(described_class).to receive(:hosts).and_return(hosts)
      expect(resolve("both")).to eq(["192.0.2.7", "2001:db8::7"])
      expect(resolve("both", family: :INET6)).to eq(["2001:db8::7"])
      expect(resolve("v4", family: :INET6) { |query| both(query) }.map(&:downcase)).to eq(["2001:db8::1"])
    end

    it "are no others" do
      em do
        expect { described_class.resolve("name", family: :UNIX) }.to raise_error(ArgumentError, /:UNIX/)
        done
      end
    end
  end

  describe "the servers" do
    hosts = %w[127.0.0.1 127.0.0.2 127.0.0.3]

    it "are all asked where they are silent but for one" do
      hosts.each do |speaker|
        found = resolve("name", hosts: hosts, interval: 0.01) do |query, host|
          host == speaker && query.answer("192.0.2.1")
        end
        expect(found).to eq(["192.0.2.1"])
      end
    end

    [2, 5].each do |rcode|
      it "are asked at once where another answers with rcode #{rcode}" do
        found = resolve("name", hosts: hosts) do |query, host|
          host == "127.0.0.3" ? query.answer("192.0.2.1") : query.answer(rcode: rcode)
        end
        expect(found).to eq(["192.0.2.1"])
      end

      it "are each asked once where all answer with rcode #{rcode}" do
        found = resolve("name", hosts: hosts) do |query, host|
          asked << host && query.answer(rcode: rcode)
        end
        expect([found, asked.sort]).to eq(["rcode=#{rcode}", hosts])
      end
    end

    it "are believed where one says that there is no such name" do
      found = resolve("name", hosts: hosts) { |query, host| asked << host && query.answer(rcode: 3) }
      expect([found, asked.size]).to eq(["rcode=3", 1])
    end
  end

  describe "an answer that is cut" do
    it "is asked for again by TCP" do
      found = resolve("long") do |query|
        stream_server { |again| long_answer(again) }
        query.answer("192.0.2.1", truncated: true)
      end
      expect(found.size).to eq(200)
    end

    it "has to do where nobody listens, or none answers" do
      found = Array.new(2) do |round|
        resolve("long") do |query|
          stream_server { nil } if round == 1
          query.answer("192.0.2.1", truncated: true)
        end
      end
      expect(found).to eq([["192.0.2.1"]] * 2)
    end

    it "has to do where what comes by TCP is no answer to it" do
      answers = [->(_) { "\0" * 20 }, ->(query) { query.id ^= 1 and long_answer(query) }, ->(_) { "" }]
      answers.each do |answer|
        found = resolve("long") do |query|
          stream_server(&answer)
          query.answer("192.0.2.1", truncated: true)
        end
        expect(found).to eq(["192.0.2.1"])
      end
    end

    it "is asked for again by UDP where it has no address, and there is none by TCP" do
      found = resolve("long", interval: 0.01) do |query|
        asked << query
        asked.size < 3 ? query.answer(truncated: true) : query.answer("192.0.2.1")
      end
      expect(found).to eq(["192.0.2.1"])
    end

    it "leaves nothing behind" do
      attempt = lambda do
        resolve("long") do |query|
          stream_server { |again| long_answer(again) }
          query.answer(truncated: true)
        end
      end
      attempt.call
      expect(&attempt).not_to leak_descriptors
    end
  end
end
