# frozen_string_literal: true

require "digest/sha2"
require "eventmachine"
require "json"
require "rbconfig"
require_relative "annex"
require_relative "memory"

# Servers for the peers in peers.rb, in one loop, beside timers, ticks, signals, forks, children and deferred work.
# What they see is checked against what must hold for every connection.
class House
  # What is printed in the end. Times are in milliseconds, memory in kilobytes.
  Report = Struct.new(:faults, :connections, :peers, :lag_p99, :lag_max, :memory, :forks, :signals, keyword_init: true)

  # Counts the events of a connection. None may come after its end.
  module Counted
    attr_writer :house

    def unbind(reason = nil)
      @house.fault("two ends of one connection") if @unbound
      @unbound = true
      @house.ended(self)
    end

    def receive_data(_data)
      @house.fault("data after the end") if @unbound
    end
  end

  # Sends back what it gets. A peer that reads nothing of it is sent away.
  class Echo < EventMachine::Connection
    include Counted

    PATIENCE = 16 * 1024 * 1024

    def receive_data(data)
      super
      send_data(data)
      close_connection if get_outbound_data_size > PATIENCE
    end
  end

  # Echoes under TLS.
  class SecureEcho < Echo
    def post_init = start_tls
  end

  # Passes everything to the echo server and back.
  class Front < EventMachine::Connection
    include Counted

    def post_init
      @back = EventMachine.connect("127.0.0.1", self.class.port, Back) { |back| back.front = self }
      proxy_incoming_to(@back, 256 * 1024)
    end

    def proxy_target_unbound = close_connection_after_writing

    def unbind(reason = nil)
      super
      @back.close_connection_after_writing
    end

    class << self
      attr_accessor :port
    end
  end

  # The other side of a Front.
  class Back < EventMachine::Connection
    def front=(front)
      proxy_incoming_to(@front = front, 256 * 1024)
    end

    def proxy_target_unbound = close_connection
    def unbind(_reason = nil) = @front.close_connection_after_writing
  end

  # Takes datagrams.
  class Sink < EventMachine::Connection
    def receive_data(data) = send_data(data.byteslice(0, 10))
  end

  def initialize
    @faults = []
    @open = {}
    @lags = []
    @connections = @forks = @signals = 0
    @annex = Annex.new(self)
  end

  def fault(text)
    @faults << text if @faults.size < 20
  end

  def ended(connection)
    fault("the end of an unknown connection") unless @open.delete(connection)
  end

  # Serves so many sessions of peers.
  #
  # @return [Report]
  def run(sessions, seed)
    EventMachine.run do
      disturb
      ports = serve.merge(@annex.serve)
      EventMachine.popen([RbConfig.ruby, File.join(__dir__, "peers.rb"), JSON.generate(ports), sessions.to_s,
                          seed.to_s], Results, self)
    end
    report
  end

  # What the peers' process prints.
  module Results
    def initialize(house)
      super
      @house = house
      @text = +""
    end

    def receive_data(data) = @text << data
    def unbind = @house.peers_done(@text, get_status)
  end

  def peers_done(text, status)
    @peers = status.success? ? JSON.parse(text) : { "faults" => ["the peers failed: #{status}"] }
    @faults.concat(@peers.delete("faults"))
    @annex.stop
    watch_the_rest(Process.clock_gettime(Process::CLOCK_MONOTONIC) + 10)
  end

  private

  # Connections whose peers are gone end by themselves.
  def watch_the_rest(deadline)
    late = Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
    return EventMachine.add_timer(0.05) { watch_the_rest(deadline) } unless (@open.empty? && @annex.rests?) || late

    fault("#{@open.size} connections are left, of #{@open.keys.map(&:class).tally}") unless @open.empty?
    @annex.finish
    EventMachine.stop
  end

  def serve
    admit = lambda do |connection|
      @connections += 1
      @open[connection] = true
      connection.house = self
    end
    servers = { echo: Echo, tls: SecureEcho, proxy: Front }.transform_values do |handler|
      EventMachine.start_server("127.0.0.1", 0, handler, &admit)
    end
    servers[:datagrams] = EventMachine.open_datagram_socket("127.0.0.1", 0, Sink).signature
    ports = servers.transform_values { |signature| EventMachine.get_sockname(signature).unpack1("x2n") }
    Front.port = ports[:echo]
    ports
  end

  def disturb
    measure_lag
    @annex.disturb
    trap("USR1") { EventMachine.next_tick { @signals += 1 } }
    EventMachine.add_periodic_timer(0.05) { Process.kill("USR1", Process.pid) }
    EventMachine.add_periodic_timer(0.25) { fork_and_leave }
    EventMachine.add_periodic_timer(0.1) { EventMachine.defer(-> { Digest::SHA256.digest("x" * 10_000) }) }
    EventMachine.add_periodic_timer(0.5) {
      EventMachine.popen("cat") { |cat|
        cat.send_data("x") && cat.close_connection
      }
    }
    EventMachine.add_periodic_timer(1) { GC.start }
  end

  def fork_and_leave
    @forks += 1
    Process.detach(fork { exit! })
  end

  LAG_INTERVAL = 0.01

  def measure_lag
    due = Process.clock_gettime(Process::CLOCK_MONOTONIC) + LAG_INTERVAL
    EventMachine.add_timer(LAG_INTERVAL) do
      @lags << ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - due) * 1000)
      measure_lag
    end
  end

  def report
    lags = @lags.sort
    Report.new(faults: @faults, connections: @connections, peers: @peers, forks: @forks, signals: @signals,
               lag_p99: lags[(lags.size * 0.99).floor]&.round(1), lag_max: lags.last&.round(1),
               memory: Memory.resident)
  end
end
