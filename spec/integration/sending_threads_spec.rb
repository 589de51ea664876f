# frozen_string_literal: true

# What docs/streams.md promises to threads.
RSpec.describe "Several threads" do
  # Starts so many, each of which sends numbered lines, and closes the connection when all have.
  def send_from_threads(connection, threads, lines)
    senders = Array.new(threads) do |thread|
      Thread.new { lines.times { |number| connection.send_data("#{thread} #{number}\n") } }
    end
    Thread.new { senders.each(&:join) && connection.close_connection_after_writing }
  end

  # Expects all of it, in order for each thread.
  def expect_whole(received, threads, lines)
    by_thread = received.lines.map(&:split).group_by(&:first).transform_values { |all| all.map { |_, n| n.to_i } }
    expect(by_thread).to eq((0...threads).to_h { |thread| [thread.to_s, (0...lines).to_a] })
  end

  def received_from(threads, lines)
    received = +""
    reading = Module.new do
      define_method(:receive_data) { |data| received << data }
      define_method(:unbind) { EventMachine.stop }
    end
    yield reading, ->(connection) { send_from_threads(connection, threads, lines) }
    expect_whole(received, threads, lines)
  end

  it "send 100,000 lines on one connection, and each thread's stay in order", time_limit: 30 do
    received_from(8, 12_500) do |reading, start|
      em(20) { EventMachine.connect("127.0.0.1", serve(&start), reading) }
    end
  end

  it "send under TLS, and on Unix sockets" do
    received_from(8, 200) do |reading, start|
      secure = Module.new { def post_init = start_tls }
      asking = Module.new { include(reading) && define_method(:connection_completed) { start_tls } }
      em { EventMachine.connect("127.0.0.1", serve(secure, &start), asking) }
    end
    received_from(8, 200) do |reading, start|
      em do
        EventMachine.start_unix_domain_server(socket_path, &start)
        EventMachine.connect_unix_domain(socket_path, reading)
      end
    end
  end

  it "close connections, and wake the loop for it" do
    ended = 0
    handler = Module.new do
      define_method(:unbind) { (ended += 1) == 16 and EventMachine.stop }
    end
    em do
      port = serve(handler)
      clients = Array.new(8) { EventMachine.connect("127.0.0.1", port, handler) }
      EventMachine.add_timer(0.02) do
        clients.each_slice(3) do |first, second, third|
          Thread.new { first.close_connection && nil }
          Thread.new { second&.close_connection_after_writing }
          Thread.new { third&.close_write }
        end
      end
    end
    expect(ended).to eq(16)
  end

  # The loop may have ended already.
  def stop_by_thread
    EventMachine.stop_gracefully(0, quiet: 0)
  rescue RuntimeError
    nil
  end

  it "add timers and stop gracefully at once" do
    fired = Queue.new
    stopper = nil
    em do
      threads = Array.new(8) { |n| Thread.new { 50.times { EventMachine.add_timer(0.001 * n) { fired << n } } } }
      stopper = Thread.new do
        threads.each(&:join)
        sleep 0.001 until fired.size == 400
        Array.new(8) { Thread.new { stop_by_thread } }.each(&:join)
      end
    end
    # None of them is to stop the next loop.
    stopper.join
    expect(fired.size).to eq(400)
  end
end
