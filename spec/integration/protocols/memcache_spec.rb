# frozen_string_literal: true

require_relative "real_server"

RSpec.describe EventMachine::Protocols::Memcache do
  before(:all) do
    @port = RealServer.free_port
    @server = RealServer.new(user: "nobody")
    start_server
  end

  after(:all) { @server&.stop }

  def start_server
    @server.start_on(@port, RealServer.program("memcached"), "-l", "127.0.0.1", "-p", @port.to_s, "-U", "0")
  end

  def with_cache
    em do
      cache = described_class.connect("127.0.0.1", @port)
      cache.errback { raise "no connection" }
      yield cache
    end
  end

  it "sets, gets and deletes" do
    log = []
    with_cache do |cache|
      cache.set(:key, "välue\r\nEND\r\n") { |stored| log << stored }
      cache.get(:key) { |value| log << value }
      cache.delete(:key) { |deleted| log << deleted }
      cache.del(:key) { |deleted| log << deleted }
      cache.get(:key) do |value|
        log << value
        done
      end
    end
    expect(log).to eq([true, "välue\r\nEND\r\n".b, true, false, nil])
  end

  it "gets several values in the order of the keys, and as a Hash" do
    log = []
    with_cache do |cache|
      cache.set("a b", "1")
      cache.set("é", "")
      cache.get("é", :none, "a b") { |*values| log << values }
      cache.get_hash(:none, "a b") do |values|
        log << values
        done
      end
    end
    expect(log).to eq([["", nil, "1"], { none: nil, "a b" => "1" }])
  end

  it "reads a value of a megabyte, and is told of one that is too large" do
    log = []
    with_cache do |cache|
      cache.set(:large, "x" * 1_000_000) { |stored| log << stored }
      cache.get(:large) { |value| log << value }
      cache.set(:huge, "x" * 2_000_000) { |stored| log << stored }
      cache.get(:large, :huge) do |*values|
        log << values
        done
      end
    end
    expect(log).to eq([true, "x" * 1_000_000, false, ["x" * 1_000_000, nil]])
  end

  it "is told of a key that is too long" do
    answers = []
    with_cache do |cache|
      cache.get("k" * 300) { |value| answers << value }
      cache.get(:none) do |value|
        answers << value
        done
      end
    end
    expect(answers).to eq([nil, nil])
  end

  it "expires values" do
    value = :unset
    with_cache do |cache|
      cache.set(:key, "x", Time.now.to_i - 100)
      cache.get(:key) do |answer|
        value = answer
        done
      end
    end
    expect(value).to be_nil
  end

  it "answers what waits when the connection is lost, and connects again" do
    log = []
    with_cache do |cache|
      cache.set(:key, "x") do
        cache.get(:key) { |value| log << value }
        cache.delete(:key) { |deleted| log << deleted }
        cache.close_connection
        EventMachine.next_tick do
          cache.set(:key, "y")
          cache.get(:key) do |value|
            log << value
            done
          end
        end
      end
    end
    expect(log).to eq([nil, false, "y"])
  end

  it "fails where nothing listens" do
    failed = false
    em do
      described_class.connect("127.0.0.1", RealServer.free_port).errback do
        failed = true
        done
      end
    end
    expect(failed).to be(true)
  end
end
