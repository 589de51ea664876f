# frozen_string_literal: true

require "tempfile"
require_relative "../../support/name_server"

RSpec.describe EventMachine::DNS::Resolver do
  let(:seen) { [] }

  before { forget }
  after { forget }

  def forget
    %i[@hosts @nameservers @socket].each { |name| described_class.instance_variable_set(name, nil) }
  end

  def with_file(constant, content)
    Tempfile.create("em-resolver") do |file|
      file.write(content)
      file.flush
      stub_const("#{described_class}::#{constant}", file.path)
      yield
    end
  end

  # Runs the reactor with a name server that the resolver uses.
  def with_server(host = "127.0.0.1", respond = method(:respond))
    em do
      listener = NameServer.open(host) { |query| respond.call(query) }
      stub_const("EventMachine::DNS::Socket::PORT", NameServer.port(listener))
      stub_const("EventMachine::DNS::Socket::TICK", 0.002)
      described_class.nameservers = [host]
      yield listener
    end
  end

  def respond(query)
    case query.name
    when "two" then query.answer("192.0.2.1", "192.0.2.2")
    when "alias" then query.answer("two", "192.0.2.1")
    when "v6" then query.answer("2001:db8::1")
    when "missing" then query.answer(rcode: 3)
    when "broken" then query.answer(rcode: 2)
    when "empty" then query.answer
    end
  end

  # @return [Array] the addresses, or the reason of a failure
  def resolve(name, retry_interval: 0.01)
    request = described_class.resolve(name)
    request.retry_interval = retry_interval
    request.callback { |*args| (seen << [:callback, *args]) && done }
    request.errback { |*args| (seen << [:errback, *args]) && done }
    request
  end

  def outcome(name)
    with_server { resolve(name) }
    seen.last
  end

  describe "an answer" do
    it "gives all addresses" do
      expect(outcome("two")).to eq([:callback, %w[192.0.2.1 192.0.2.2]])
    end

    it "gives the addresses of another name that stands for it" do
      expect(outcome("alias")).to eq([:callback, ["192.0.2.1"]])
    end

    it "gives IPv6 addresses" do
      expect(outcome("v6")).to eq([:callback, ["2001:DB8::1"]]).or eq([:callback, ["2001:db8::1"]])
    end

    it "fails with the server's code for a name that is not there" do
      expect(outcome("missing")).to eq([:errback, "rcode=3"])
      expect(outcome("broken")).to eq([:errback, "rcode=2"])
      expect(outcome("empty")).to eq([:errback, "rcode=0"])
    end

    it "leaves no timer and no request behind" do
      with_server do
        before = EventMachine.get_timer_count
        resolve("two").callback do
          expect(described_class.socket.instance_variable_get(:@timer)).to be_nil
          expect(described_class.socket.instance_variable_get(:@requests)).to be_empty
          expect(EventMachine.get_timer_count).to eq(before)
        end
      end
      expect(seen.size).to eq(1)
    end

    it "goes to its request, whatever the order" do
      queries = []
      respond = lambda do |query|
        queries << query
        queries.reverse_each { |late| late.answer("192.0.2.#{late.name}") } if queries.size == 3
      end
      with_server("127.0.0.1", respond) do
        %w[1 2 3].each do |name|
          described_class.resolve(name).callback { |found| (seen << [name, found]) && seen.size == 3 && done }
        end
      end
      expect(seen.to_h).to eq("1" => ["192.0.2.1"], "2" => ["192.0.2.2"], "3" => ["192.0.2.3"])
    end

    it "comes from a server with an IPv6 address, too" do
      skip "no IPv6 on this machine" unless Socket.ip_address_list.any?(&:ipv6_loopback?)

      with_server("::1") { resolve("two") }
      expect(seen).to eq([[:callback, %w[192.0.2.1 192.0.2.2]]])
    end
  end

  describe "a question" do
    it "has an id and a sender's port that nobody can guess, asks for recursion and the address" do
      respond = lambda do |query|
        seen << [query.message.id, query.sender.first, query.message.rd, query.message.question]
        query.answer("192.0.2.1")
      end
      3.times { with_server("127.0.0.1", respond) { described_class.resolve("two").callback { done } } }
      expect(seen.map(&:first).uniq.size).to be > 1
      expect(seen.map { |question| question[1] }.uniq.size).to be > 1
      expect(seen.map { |question| question[2] }).to all(eq(1))
      expect(seen.map(&:last))
        .to all(eq([[Resolv::DNS::Name.create("two."), Resolv::DNS::Resource::IN::A]]))
    end

    it "has an id that no other has" do
      allow(SecureRandom).to receive(:random_number).with(0x10000).and_return(7, 7, 8)
      ids = []
      with_server("127.0.0.1", ->(query) { (ids << query.message.id).size == 2 && done }) do
        described_class.resolve("a")
        described_class.resolve("b")
      end
      expect(ids).to eq([7, 8])
    end

    it "is asked again, with the same id, as long as there is no answer" do
      ids = []
      respond = ->(query) { (ids << query.message.id).size == 3 && query.answer("192.0.2.1") }
      with_server("127.0.0.1", respond) { resolve("two") }
      expect(seen).to eq([[:callback, ["192.0.2.1"]]])
      expect(ids.size).to be >= 3
      expect(ids.uniq.size).to eq(1)
    end

    it "is asked five times, unless told otherwise" do
      asked = 0
      with_server("127.0.0.1", ->(_) { asked += 1 }) do
        expect(resolve("two").max_tries).to eq(5)
      end
      expect(seen).to eq([[:errback, "retries exceeded"]])
      expect(asked).to eq(5)
    end

    it "is asked as often as told, and then leaves nothing behind" do
      asked = 0
      with_server("127.0.0.1", ->(_) { asked += 1 }) do
        before = EventMachine.get_timer_count
        request = resolve("two")
        request.max_tries = 2
        request.errback do
          expect(described_class.socket.instance_variable_get(:@timer)).to be_nil
          expect(EventMachine.get_timer_count).to eq(before)
        end
      end
      expect(asked).to eq(2)
    end

    it "waits three seconds for an answer, unless told otherwise" do
      with_server do
        expect(described_class.resolve("two").retry_interval).to eq(3)
        done
      end
    end

    it "fails where there is nobody to ask, and says so" do
      with_server do
        described_class.nameservers = []
        resolve("two")
      end
      expect(seen).to eq([[:errback, "retries exceeded: no name server"]])
    end

    it "fails where the name server's address is none, and names it" do
      with_server do
        described_class.nameservers = ["bogus"]
        resolve("two")
      end
      expect(seen.last).to match([:errback, /\Aretries exceeded: .*bogus/])
    end

    it "fails for names that cannot be asked for, and leaves the reactor alone" do
      ["", ".", "a..b", "a" * 64, Array.new(5, "a" * 60).join("."), ".a"].each do |name|
        seen.clear
        with_server { resolve(name) }
        expect(seen).to eq([[:errback, "invalid host name: #{name.inspect}"]])
      end
    end

    it "takes a dot at the end, and bytes of any kind" do
      names = []
      respond = ->(query) { (names << query.name) && query.answer("192.0.2.1", question: query.name) }
      with_server("127.0.0.1", respond) { resolve("two.") }
      with_server("127.0.0.1", respond) { resolve("zwölf") }
      expect(names.map(&:b).uniq).to eq(["two", "zwölf".b])
      expect(seen.map(&:first)).to eq(%i[callback callback])
    end

    it "is refused where it is no name" do
      with_server do
        [nil, 123, :two, ["two"]].each do |anything|
          expect { described_class.resolve(anything) }
            .to raise_error(ArgumentError, "cannot interpret as DNS name: #{anything.inspect}")
        end
        done
      end
    end
  end

  describe "what is no answer" do
    # The request must get the right answer, which comes after the wrong one.
    def expect_ignored
      with_server("127.0.0.1", ->(query) { yield(query) && query.answer("192.0.2.1") }) { resolve("two") }
      expect(seen).to eq([[:callback, ["192.0.2.1"]]])
    end

    it "is dropped with another id" do
      expect_ignored { |query| query.answer("192.0.2.66", id: query.message.id ^ 1) }
    end

    it "is dropped for another question" do
      expect_ignored { |query| query.answer("192.0.2.66", question: "other") }
    end

    it "is dropped where it is a question itself" do
      expect_ignored { |query| query.answer("192.0.2.66", query: 0) }
    end

    it "is dropped from another port" do
      other = nil
      expect_ignored do |query|
        other ||= NameServer.open { nil }
        query.answer("192.0.2.66", from: other)
      end
    end

    it "is dropped from another address" do
      expect_ignored do |query|
        port = NameServer.port(query.server)
        query.answer("192.0.2.66", from: NameServer.open("127.0.0.2", port) { nil })
      end
    end

    it "is dropped where it is garbage, however short or long" do
      expect_ignored do |query|
        id = [query.message.id].pack("n")
        ["x" * 9, "\xC0\x00".b * 100, "\xFF".b * 500, Random.bytes(2000)].each { |rest| query.raw(id + rest) }
        ["", "x", "garbage", id].each { |data| query.raw(data) }
      end
    end

    it "is dropped when nobody has asked" do
      with_server do |listener|
        port, = Socket.unpack_sockaddr_in(described_class.socket.get_sockname)
        listener.send_datagram("\x00\x01garbage", "127.0.0.1", port)
        EventMachine.next_tick { resolve("two") }
      end
      expect(seen).to eq([[:callback, %w[192.0.2.1 192.0.2.2]]])
    end
  end

  it "bears random answers, mutated from right ones" do
    random = Random.new(42)
    em do
      socket = described_class.socket
      peername = Socket.pack_sockaddr_in(53, "127.0.0.1")
      described_class.nameservers = ["127.0.0.1"]
      300.times do
        request = EventMachine::DNS::Request.new(socket, "two")
        allow(socket).to receive(:send_datagram)
        request.tick
        answer = Resolv::DNS::Message.new(request.__send__(:id))
        answer.qr = 1
        answer.add_question("two", Resolv::DNS::Resource::IN::A)
        answer.add_answer("two", 60, Resolv::DNS::Resource::IN::A.new("192.0.2.1"))
        data = answer.encode
        random.rand(1..4).times { data.setbyte(random.rand(2...data.bytesize), random.rand(256)) }
        expect { socket.receive_from(peername, data.byteslice(0, random.rand(2..data.bytesize))) }
          .not_to raise_error
      end
      done
    end
  end

  describe ".resolve" do
    it "gives a literal address itself, without asking" do
      em do
        ["192.0.2.1", "::1", "2001:db8::1"].each do |address|
          described_class.resolve(address).callback { |found| seen << found }
        end
        expect(seen).to eq([["192.0.2.1"], ["::1"], ["2001:db8::1"]])
        done
      end
    end

    it "knows the names of the file of hosts, without asking" do
      with_file(:HOSTS_FILE, "192.0.2.7 Known known.example\n") do
        em do
          %w[Known known.example KNOWN.EXAMPLE].each do |name|
            described_class.resolve(name).callback { |found| seen << found }
          end
          done
        end
      end
      expect(seen).to eq([["192.0.2.7"]] * 3)
    end

    it "needs a running reactor" do
      expect { described_class.resolve("two") }.to raise_error(RuntimeError, /not initialized/)
    end
  end

  describe ".socket" do
    it "is shared, until it is closed" do
      em do
        socket = described_class.socket
        expect(described_class.socket).to equal(socket)
        socket.close_connection
        EventMachine.add_timer(0.01) do
          expect(described_class.socket).not_to equal(socket)
          done
        end
      end
    end

    it "is another one in another run of the reactor" do
      2.times { em { (seen << described_class.socket) && done } }
      expect(seen.uniq.size).to eq(2)
    end

    it "lets its requests fail when it is closed, but not when the reactor ends" do
      with_server("127.0.0.1", ->(_) {}) do
        resolve("two")
        EventMachine.next_tick { described_class.socket.close_connection }
      end
      expect(seen).to eq([[:errback, "socket closed"]])
      seen.clear
      with_server("127.0.0.1", ->(_) { done }) do
        described_class.resolve("two").errback { seen << :failed }
      end
      expect(seen).to be_empty
    end
  end

  describe ".nameservers" do
    it "are those of the configuration, with IPv4 and IPv6 addresses" do
      content = <<~CONF
        # a comment
        ; another
        domain example.net
        nameserver 192.0.2.53
        nameserver 2001:db8::53 # the second
        nameserver\t fe80::1%eth0
        nameserver
        nameserver not-an-address
        nameservers 192.0.2.66
        options ndots:2
      CONF
      with_file(:RESOLVER_FILE, content) do
        expect(described_class.nameservers).to eq(["192.0.2.53", "2001:db8::53", "fe80::1%eth0"])
        expect(described_class.nameservers).to include(described_class.nameserver)
      end
    end

    it "are this machine where the configuration names none" do
      ["", "\n", "# nameserver 192.0.2.1\n", "\xFF\xFE\n"].each do |content|
        forget
        with_file(:RESOLVER_FILE, content) { expect(described_class.nameservers).to eq(["127.0.0.1"]) }
      end
    end

    it "are this machine where there is no configuration" do
      stub_const("#{described_class}::RESOLVER_FILE", "/no/such/file")
      expect(described_class.nameservers).to eq(["127.0.0.1"])
    end

    it "can be set, and set back" do
      described_class.nameservers = ["192.0.2.9"]
      expect(described_class.nameserver).to eq("192.0.2.9")
      described_class.nameservers = nil
      with_file(:RESOLVER_FILE, "nameserver 192.0.2.53\n") do
        expect(described_class.nameservers).to eq(["192.0.2.53"])
      end
    end
  end

  describe ".hosts" do
    it "are the names and aliases of the file" do
      content = <<~HOSTS
        # a comment
        127.0.0.1 localhost
        ::1  localhost ip6-localhost # and another

        192.0.2.1\tone one.example one
        192.0.2.2 one
        not-an-address two
        192.0.2.3
      HOSTS
      with_file(:HOSTS_FILE, content) do
        expect(described_class.hosts).to eq(
          "localhost" => ["127.0.0.1", "::1"], "ip6-localhost" => ["::1"],
          "one" => ["192.0.2.1", "192.0.2.2"], "one.example" => ["192.0.2.1"]
        )
      end
    end

    it "are none where there is no file" do
      stub_const("#{described_class}::HOSTS_FILE", "/no/such/file")
      expect(described_class.hosts).to eq({})
    end
  end

  it "knows whether this is Windows" do
    expect(described_class.windows?).to be(RUBY_PLATFORM.match?(/mswin|mingw|cygwin/))
  end
end

RSpec.describe EventMachine::DNS::Socket do
  it "lets a request have an id that nobody has" do
    em do
      socket = described_class.open
      socket.register_request(1, :first)
      expect { socket.register_request(1, :second) }
        .to raise_error(EventMachine::DNS::RequestIdAlreadyUsed, /1/)
      socket.deregister_request(1, :second)
      expect { socket.register_request(1, :second) }.to raise_error(EventMachine::DNS::RequestIdAlreadyUsed)
      socket.deregister_request(1, :first)
      expect { socket.register_request(1, :second) }.not_to raise_error
      done
    end
  end

  it "asks the name server that it was given, or any one of the resolver's" do
    em do
      socket = described_class.open
      allow(EventMachine::DNS::Resolver).to receive(:nameserver).and_return("192.0.2.1")
      expect(socket.nameserver).to eq("192.0.2.1")
      socket.nameserver = "192.0.2.2"
      expect(socket.nameserver).to eq("192.0.2.2")
      done
    end
  end

  it "has one timer, as long as there are requests" do
    em do
      socket = described_class.open
      before = EventMachine.get_timer_count
      2.times { |id| socket.register_request(id, :request) }
      expect(EventMachine.get_timer_count).to eq(before + 1)
      2.times { |id| socket.deregister_request(id, :request) }
      expect(EventMachine.get_timer_count).to eq(before)
      done
    end
  end
end
