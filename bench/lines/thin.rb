# frozen_string_literal: true

# Thin is Debian's on either gem: what is loaded by `-r` stays loaded.
server = <<~RUBY
  require "thin"

  BODY = "Hello, world!\\n"
  HEADERS = { "Content-Type" => "text/plain", "Content-Length" => BODY.bytesize.to_s }.freeze
  Thin::Logging.silent = true
  server = Thin::Server.new("127.0.0.1", 0, ->(_) { [200, HEADERS, [BODY]] }, signals: false)
  EventMachine.run do
    server.start
    listening(server.backend.instance_variable_get(:@signature))
  end
RUBY

# How often Ruby collects garbage hangs on how many free slots its heap has, and with an application as small
# as this one on how many of them loading left behind. A heap as an application has leaves that to nobody's
# luck.
heap = 100_000

Bench.server(:thin, "Thin: hello world, 50 connections", operations: 10_000, source: server, gems: true,
                                                         heap: heap, load: %w[http --connections 50])
Bench.server(:thin_headers, "Thin: request with 50 headers", operations: 4_000, source: server, gems: true,
                                                             heap: heap,
                                                             load: %w[http --connections 50 --headers 50])
