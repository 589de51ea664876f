# frozen_string_literal: true

require_relative "application"

# Thin knows nothing of EventMachine.stop_gracefully.
RSpec.describe "A graceful stop of Thin" do
  def ask(address)
    TCPSocket.new(*address).tap { |socket| socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }
  end

  # Sends one request after another, each on a connection of its own, until none is accepted any more.
  #
  # @return [Array<String>] the answers
  def ask_until_refused(address)
    answers = []
    loop { answers << answer(ask(address)) }
  rescue Errno::ECONNREFUSED, Errno::ECONNRESET
    answers
  end

  def answer(socket)
    socket.read
  ensure
    socket.close
  end

  # As many descriptors as this takes, here and in Thin.
  around do |example|
    limits = Process.getrlimit(:NOFILE)
    Process.setrlimit(:NOFILE, [4_096, limits.last].min, limits.last)
    example.run
  ensure
    Process.setrlimit(:NOFILE, *limits)
  end

  it "answers a thousand requests that it has got or is about to accept", time_limit: 30 do
    address = ["127.0.0.1", free_port]
    command = ["thin", "--rackup", Application.app("graceful.ru"), "--environment", "production",
               "--address", address[0], "--port", address[1].to_s, "--max-conns", "4000", "start"]
    Application.run(*command, at: address) do |server|
      going_on = Array.new(10) { Thread.new { ask_until_refused(address) } }
      waiting = Array.new(1_000) { ask(address) }
      Process.kill(:USR2, server.process)
      answers = waiting.map { |socket| answer(socket) } + going_on.flat_map(&:value)
      wait_until { server.output.include?("requests") }

      expect(answers).to all(end_with("the answer"))
      expect(server.output[/^(\d+) requests$/, 1].to_i).to eq(answers.size)
    end
  end
end
