# frozen_string_literal: true

require "eventmachine"
require "socket"
require "tmpdir"
require_relative "speaker"

module Order
  # Runs one scene in a reactor of its own and keeps what the callbacks told, in order. A turn starts with its
  # timers, so a timer of 0 that renews itself marks each turn, as "|".
  #
  # Descriptors are Unix sockets wherever that is possible: what one end writes, the other has at once.
  class Scene
    # So many turns in which nothing is told end a scene. With epoll Debian's loop takes up to 20 to see what another
    # thread has for it.
    QUIET = 100
    # So many are made before the block of #later runs, for all descriptors to be known to the loop.
    SETTLED = 3
    LIMIT = 5
    MARK = "|"

    # @yield the scene, as the block of EventMachine.run
    # @return [String] what was told
    def self.play(&scene)
      Dir.mktmpdir { |directory| new(directory).play(&scene) }
    end

    def initialize(directory)
      @directory = directory
      @told = []
      @kept = []
      @turns = 0
      @deadline = now + LIMIT
    end

    def play(&scene)
      EventMachine.run do
        instance_exec(&scene)
        @last = @turns
        turn
      end
      @over = false
      @awaited ? @told.delete(MARK) : trim
      instance_exec(&@finally) if @finally
      @told.join(" ").gsub(/(\| ?)+/, "| ").delete_prefix("| ")
    end

    # Runs the block in a timer, when the scene has settled; only what is told from then on counts.
    def later(&block)
      @later = block
    end

    # Runs the block when the reactor has ended. A scene with `awaits` goes on until that word has been told, and
    # does not mark the turns, whose number is not its own to tell.
    def finally(awaits: nil, &block)
      @awaited = awaits
      @finally = block
    end

    def tell(word)
      return if @over

      @last = @turns
      @told << word
    end

    # Ends the reactor as a part of the scene.
    def stop
      @stopped = true
      tell("stop")
      EventMachine.stop
    end

    # Runs the block so many turns from now.
    def in_turns(count, &block)
      return block.call if count.zero?

      EventMachine.add_timer(0) { in_turns(count - 1, &block) }
    end

    def tick(word, &block)
      EventMachine.next_tick do
        tell(word)
        block&.call
      end
    end

    def timer(word, delay = 0, &block)
      EventMachine.add_timer(delay) do
        tell(word)
        block&.call
      end
    end

    # @return [Array(EventMachine::Connection, Socket)] an attached connection, and the other end of it
    def attach(name, kind = :STREAM, **does)
      ours, other = keep(*Socket.pair(:UNIX, kind))
      [EventMachine.attach(ours, Speaker, self, name, does), other]
    end

    # The same over TCP.
    def attach_tcp(name, **does)
      ours, other = TCPServer.open("127.0.0.1", 0) do |server|
        [TCPSocket.new("127.0.0.1", server.addr[1]), server.accept]
      end
      keep(ours, other)
      [EventMachine.attach(ours, Speaker, self, name, does), other]
    end

    def watch(name, **does)
      ours, other = keep(*UNIXSocket.pair)
      [EventMachine.watch(ours, Watcher, self, name, does), other]
    end

    # @return [UNIXServer] what does not run in the reactor
    def listener
      keep(UNIXServer.new(path("listener"))).first
    end

    def connect(name, server = "listener", **does)
      EventMachine.connect(path(server), Speaker, self, name, does)
    end

    def serve(name, **does)
      EventMachine.start_server(path("server"), Speaker, self, name, does)
    end

    # @return [Array<UNIXSocket>] clients of #serve that do not run in the reactor
    def clients(count)
      keep(*Array.new(count) { UNIXSocket.new(path("server")) })
    end

    # Tells what a socket holds, and how it ends.
    def tell_peer(socket)
      tell("peer(#{read_all(socket)})")
    end

    # Reads a socket turn by turn to its end, and tells how many bytes there were.
    def tell_size(socket, size = 0)
      chunk = socket.read_nonblock(1_000_000, exception: false)
      return tell("peer(#{size})") if chunk.nil?

      size += chunk.bytesize if chunk.is_a?(String)
      in_turns(1) { tell_size(socket, size) }
    end

    # Keeps sockets from being collected, and thus closed.
    def keep(*sockets)
      @kept.concat(sockets)
      sockets
    end

    private

    def path(name)
      File.join(@directory, name)
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def trim
      @told.pop while @told.last == MARK
    end

    def turn
      @turns += 1
      return finish if over?

      @told << MARK
      let_clock_go_on
      EventMachine.add_timer(0) { turn }
      settle if @later && @turns == SETTLED
    end

    # Debian's gem runs a timer of 0 in the turn that adds it when its clock has not gone on since.
    def let_clock_go_on
      start = now
      nil until now - start > 0.000_01
    end

    def settle
      @told.clear
      @last = @turns
      instance_exec(&@later)
    end

    def over?
      return false if @later && @turns <= SETTLED
      return @told.include?(@awaited) || now > @deadline if @awaited

      @turns > @last + QUIET
    end

    def finish
      return if @stopped

      @over = true
      EventMachine.stop
    end

    def read_all(socket)
      bytes = +""
      loop do
        chunk = socket.read_nonblock(65_536, exception: false)
        return "#{bytes} open" if chunk == :wait_readable
        return bytes if chunk.nil?

        bytes << chunk
      end
    rescue Errno::ECONNRESET
      "#{bytes} reset"
    end
  end
end
