# frozen_string_literal: true

# A loop on nio4r. What one read brings is answered in one write.

require "nio"
require "socket"

require_relative "answers"

# A connection and what it has still to write.
class Connection
  def initialize(selector, socket)
    socket.setsockopt(:TCP, :NODELAY, 1)
    @socket = socket
    @monitor = selector.register(socket, :r)
    @monitor.value = self
    @input = +""
    @output = +""
    @answers = ANSWERS.fetch(ARGV.fetch(0)).new
  end

  def ready
    return flush if @monitor.interests == :w

    case @socket.read_nonblock(65_536, @input, exception: false)
    when :wait_readable then return
    when nil then return close
    end
    @answers.to(@input) { |data| @output << data }
    flush
  rescue SystemCallError
    close
  end

  private

  def flush
    written = @socket.write_nonblock(@output, exception: false)
    written = 0 unless written.is_a?(Integer)
    done = written == @output.bytesize
    done ? @output.clear : @output = @output.byteslice(written..)
    interests = done ? :r : :w
    @monitor.interests = interests unless @monitor.interests == interests
  end

  def close
    @monitor.close
    @socket.close
  end
end

# Accepts what waits.
class Acceptor
  def initialize(selector, server)
    @selector = selector
    @server = server
    selector.register(server, :r).value = self
  end

  def ready
    while (socket = @server.accept_nonblock(exception: false)) != :wait_readable
      Connection.new(@selector, socket)
    end
  end
end

selector = NIO::Selector.new
server = TCPServer.new("127.0.0.1", 0)
server.listen(1024)
Acceptor.new(selector, server)
puts "address 127.0.0.1:#{server.addr[1]}"
$stdout.flush
loop { selector.select { |monitor| monitor.value.ready } }
