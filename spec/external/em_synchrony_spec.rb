# frozen_string_literal: true

require "tmpdir"

require_relative "application"
require_relative "origin"

# These run in separate processes, because the library changes methods of other libraries.
RSpec.describe "em-synchrony" do
  let(:prelude) { <<~RUBY }
    require "em-synchrony"
    require "em-synchrony/em-http"
    require "em-synchrony/em-redis"
    require "em-synchrony/fiber_iterator"
    require "em-synchrony/tcpsocket"
    include EventMachine
  RUBY

  # @return [String] output of a script that runs in a fiber of the reactor
  def fiber(script, *arguments)
    program = "#{prelude}\nEventMachine.synchrony do\n#{script}\nEventMachine.stop\nend"
    output, status = run_ruby(program, *arguments.map(&:to_s), options: ["-W0"])
    expect(status).to be_success, output
    output
  end

  it "sleeps, and goes on elsewhere meanwhile" do
    expect(fiber(<<~RUBY)).to eq("meanwhile\nafter\n")
      EventMachine.next_tick { puts "meanwhile" }
      Synchrony.sleep(0.05)
      puts "after"
    RUBY
  end

  it "waits for the results of threads" do
    expect(fiber("p Synchrony.defer { 6 * 7 }")).to eq("42\n")
  end

  it "does some at a time of many" do
    expect(fiber(<<~RUBY)).to eq("1\n2\n3\n")
      Synchrony::FiberIterator.new([3, 2, 1], 3).each do |number|
        Synchrony.sleep(number * 0.05)
        p number
      end
    RUBY
  end

  it "makes requests, alone and together" do
    Origin.open do |origin|
      expect(fiber(<<~RUBY, origin.port, free_port)).to eq("GET /one 0 0\n[[:two], [:refused]]\n")
        url, refused = ARGV.map { |port| "http://127.0.0.1:\#{port}" }
        puts HttpRequest.new("\#{url}/one").get.response
        together = Synchrony::Multi.new
        together.add(:two, HttpRequest.new("\#{url}/two").aget)
        together.add(:refused, HttpRequest.new(refused).aget)
        p together.perform.responses.values_at(:callback, :errback).map(&:keys)
      RUBY
    end
  end

  it "reads and writes sockets as if it waited" do
    Origin.open do |origin|
      expect(fiber(<<~RUBY, origin.port, free_port)).to eq("HTTP/1.1 200 OK\nErrno::ECONNREFUSED\n")
        socket = Synchrony::TCPSocket.new("127.0.0.1", ARGV[0])
        socket.write("GET /one HTTP/1.1\\r\\n\\r\\n")
        puts socket.read(15)
        begin
          Synchrony::TCPSocket.new("127.0.0.1", ARGV[1])
        rescue SystemCallError => error
          p error.class
        end
      RUBY
    end
  end

  describe "with em-redis" do
    around do |example|
      Dir.mktmpdir do |directory|
        @port = free_port
        command = %W[redis-server --port #{@port} --bind 127.0.0.1 --dir #{directory} --save] << ""
        Application.run(*command, at: ["127.0.0.1", @port]) { example.run }
      end
    end

    it "keeps values of any bytes and size" do
      expect(fiber(<<~RUBY, @port)).to eq("true\ntrue\ntrue\n")
        redis = Protocols::Redis.connect(port: Integer(ARGV[0]))
        ["a", "\\r\\n\\0\\xFF".b, "x" * 1_000_000].each do |value|
          redis.set("key", value)
          p redis.get("key").b == value
        end
      RUBY
    end

    it "asks ahead of the answers" do
      expect(fiber(<<~RUBY, @port)).to eq("124750\n")
        redis = Protocols::Redis.connect(port: Integer(ARGV[0]))
        waiting = Fiber.current
        sum = 0
        500.times { |number| redis.aset("k\#{number}", number) }
        500.times do |number|
          redis.aget("k\#{number}") do |value|
            sum += value.to_i
            waiting.resume if number == 499
          end
        end
        Fiber.yield
        p sum
      RUBY
    end
  end
end
