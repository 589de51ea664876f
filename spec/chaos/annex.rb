# frozen_string_literal: true

require "fileutils"
require "socket"
require "tmpdir"

# What is served beside the connections of house.rb: streams and plain sockets in fibers; and what is watched and looked
# up meanwhile.
class Annex
  PIECE = 16_384

  # @param house [House] who takes the faults
  def initialize(house)
    @house = house
    @sessions = @made = @seen = @asked = @answered = 0
    @directory = Dir.mktmpdir("eventmachine-chaos")
  end

  # @return [Hash{Symbol => Integer}] the ports
  def serve
    stream = EventMachine.serve("127.0.0.1", 0, max_connections: 500) do |connection|
      count { echo(connection) }
    end
    { stream: EventMachine.get_sockname(stream).unpack1("x2n"), fiber: serve_in_fibers }
  end

  # Makes files in a watched directory, and asks for names.
  def disturb
    EventMachine.watch_directory(@directory) { |event| @seen += 1 if event.type == :created }
    EventMachine.add_periodic_timer(0.05) { make_file }
    EventMachine.add_periodic_timer(0.2) { ask }
  end

  # @return [Boolean] whether nothing is under way
  def rests? = @sessions.zero? && @asked == @answered && @made == @seen

  # Says what is left.
  def finish
    @house.fault("#{@sessions} sessions are left in fibers") unless @sessions.zero?
    @house.fault("#{@answered} of #{@asked} names were answered") if @asked != @answered
    @house.fault("#{@seen} of #{@made} files were told of") if @made != @seen
    FileUtils.rm_rf(@directory)
  end

  # No more files, and no more names.
  def stop = @stopped = true

  private

  def count
    @sessions += 1
    yield
  ensure
    @sessions -= 1
  end

  def echo(connection)
    connection.write(connection.readpartial(PIECE)) while true
  end

  # Plain Ruby, of which the scheduler takes the waits.
  def serve_in_fibers
    server = TCPServer.new("127.0.0.1", 0)
    EventMachine.fiber do
      accept_from(server)
    ensure
      server.close
    end
    server.addr[1]
  end

  def accept_from(server)
    while true
      socket = server.accept
      EventMachine.fiber { count { serve_socket(socket) } }
    end
  end

  def serve_socket(socket)
    echo(socket)
  rescue EOFError, SystemCallError
    # The peer's doing.
  ensure
    socket.close
  end

  def make_file
    return if @stopped

    path = File.join(@directory, (@made += 1).to_s)
    File.write(path, "x")
    File.delete(File.join(@directory, (@made - 100).to_s)) if @made > 100
  end

  def ask
    return if @stopped

    @asked += 1
    EventMachine.resolve("localhost").callback { @answered += 1 }.errback { @answered += 1 }
  end
end
