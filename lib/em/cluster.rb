# frozen_string_literal: true

require "etc"

module EventMachine
  # Worker processes that serve the same ports, and the process that looks after them. See {EventMachine.cluster}.
  class Cluster
    # A worker that ends sooner after its start than this is not replaced before.
    SHORT_LIFE = 1
    private_constant :SHORT_LIFE

    # @param size [Integer]
    # @param grace [Numeric] seconds
    # @yieldparam index [Integer]
    def initialize(size, grace, &body)
      @size = size
      @grace = grace
      @body = body
      @workers = {}
      @events = Thread::Queue.new
      @stopping = false
    end

    # Runs until a signal ends it, and all workers have ended.
    def run
      former = %w[TERM INT].to_h { |signal| [signal, Signal.trap(signal) { @events << [:stop] }] }
      @size.times { |index| start(index) }
      handle(*@events.pop) until @stopping && @workers.empty?
    ensure
      former&.each { |signal, handler| Signal.trap(signal, handler) }
      @workers.each_key { |pid| signal(:KILL, pid) } if @workers.any?
    end

    private

    def handle(event, *details)
      case event
      when :stop then stop
      when :kill then @workers.each_key { |pid| signal(:KILL, pid) }
      when :start then start(*details) unless @stopping
      when :ended then ended(*details)
      end
    end

    def start(index)
      pid = Process.fork { work(index) }
      @workers[pid] = index
      began = now
      watcher = Process.detach(pid)
      Thread.new { @events << [:ended, pid, watcher.value, now - began] }
    end

    def stop
      return if @stopping

      @stopping = true
      @workers.each_key { |pid| signal(:TERM, pid) }
      Thread.new { sleep(@grace) && @events << [:kill] }
    end

    def ended(pid, status, lived)
      index = @workers.delete(pid)
      return if @stopping

      warn "EventMachine: worker #{index} (#{pid}) has ended: #{status.inspect}"
      Thread.new { sleep([SHORT_LIFE - lived, 0].max) && @events << [:start, index] }
    end

    def signal(name, pid)
      Process.kill(name, pid)
    rescue Errno::ESRCH
      nil
    end

    # In the worker's process.
    def work(index)
      %w[TERM INT].each { |signal| Signal.trap(signal) { EventMachine.next_tick { drain } } }
      # A signal may have come before that.
      EventMachine.next_tick { drain } until @events.empty? || @events.pop != [:stop]
      EventMachine.run do
        EventMachine.with_server_options(reuse_port: true) { @body.call(index) }
      end
    end

    # Takes no more connections, and ends when those that there are have ended.
    def drain
      EventMachine.__send__(:stop_servers)
      EventMachine.add_timer(@grace) { EventMachine.stop }
      EventMachine.add_periodic_timer(0.05) { EventMachine.stop if EventMachine.connection_count.zero? }
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
  private_constant :Cluster

  class << self
    # Forks worker processes that share their ports by SO_REUSEPORT, each with a loop of its own, and waits until
    # they are told to end. A worker that ends by itself is replaced, one second after its start at the earliest, with
    # a warning.
    #
    # SIGTERM and SIGINT end the cluster: each worker stops its servers, and ends when it has no connections
    # left. Those that have not ended after `grace` seconds are killed.
    #
    # @example
    #   EventMachine.cluster(4) { |index| EventMachine.start_server("0.0.0.0", 8080, Website) }
    #
    # @param size [Integer] how many workers; one for each processor by default
    # @param grace [Numeric] seconds
    # @yieldparam index [Integer] the worker's number, from 0; the block is called in the worker, as that of {run},
    #   and the servers that it starts may share their port
    # @return [nil] when all workers have ended
    # @raise [ArgumentError] without a block, if the size is not positive, or the grace negative
    # @raise [TypeError] if the size is no Integer, or the grace no number
    # @raise [RuntimeError] while a reactor runs
    # @raise [Unsupported] where the system has no SO_REUSEPORT
    def cluster(size = Etc.nprocessors, grace: 30, &block)
      raise ArgumentError, "no block given" unless block

      check_size(:size, size)
      not_negative(grace, "grace")
      raise "a cluster is started before the reactor, not in it" if reactor_running?

      with_server_options(reuse_port: true) { nil }
      Cluster.new(size, grace, &block).run
      nil
    end

    private

    def stop_servers
      @acceptors.each_key { |signature| stop_server(signature) }
    end
  end
end
