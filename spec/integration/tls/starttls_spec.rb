# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS in mid-stream", tls: true do
  let(:identity) { TLSAuthority.localhost.options }
  let(:verified) { { verify: true, ca_file: TLSAuthority.root.file } }

  # Greets in plain text, starts TLS on request, and answers each line.
  def serving
    answer = lambda do |server|
      while (line = server.received.slice!(/.*\n/))
        server.send_data(line == "STARTTLS\n" ? "GO\n" : "#{line.chomp} answered\n")
        server.start_tls(identity) if line == "STARTTLS\n"
      end
    end
    { accepted: ->(server) { server.send_data("HELLO\n") }, received: answer }
  end

  # A client that sends a line in plain text and another one over TLS.
  def asking(options, lines)
    read = lambda do |client|
      while (line = client.received.slice!(/.*\n/))
        lines << line
        case line
        when "HELLO\n" then client.send_data("plain\n")
        when "plain answered\n" then client.send_data("STARTTLS\n")
        when "GO\n"
          client.start_tls(options)
          client.send_data("secret\n")
        when "secret answered\n" then client.close_connection
        end
      end
    end
    { received: read }
  end

  def expect_both_parts(to, options)
    lines = []
    server, client = converse(server: nil, client: nil, serves: serving, asks: asking(options, lines), to: to)
    expect([client.error_text, server.error_text]).to eq([nil, nil])
    expect(lines).to eq(["HELLO\n", "plain answered\n", "GO\n", "secret answered\n"])
    expect([client, server]).to all(be_secured)
  end

  it "begins on both ends of a TCP connection" do
    expect_both_parts("localhost", verified)
  end

  it "begins on both ends of a connection of Unix sockets" do
    path = File.join(TLSAuthority.directory, "starttls.sock")
    expect_both_parts(path, verified.merge(sni_hostname: "localhost"))
  end

  it "begins on Unix sockets at once too" do
    path = File.join(TLSAuthority.directory, "tls.sock")
    expect_success(*converse(server: identity, client: verified.merge(sni_hostname: "localhost"), to: path))
  end

  it "refuses plain text where TLS was to begin" do
    answer = lambda do |server|
      server.received.clear
      server.start_tls(identity)
    end
    stubborn = lambda do |client|
      client.send_data("STARTTLS\n")
      EventMachine.add_timer(0.05) { client.send_data("NOOP plain text that is no record\n") }
    end
    server, = converse(server: nil, client: nil, serves: { received: answer }, asks: { connected: stubborn })
    expect([server.reason, server.error_text]).to eq([Errno::EPROTO, "the peer does not speak TLS"])
  end

  it "is possible on attached sockets" do
    mine, other = UNIXSocket.pair
    lines = Queue.new
    thread = Thread.new do
      context = OpenSSL::SSL::SSLContext.new
      context.add_certificate(TLSAuthority.localhost.certificate, TLSAuthority.key(:p256))
      ssl = OpenSSL::SSL::SSLSocket.new(other, context)
      ssl.sync_close = true
      ssl.accept
      lines << ssl.gets
      ssl.close
    end
    em do
      EventMachine.attach(mine, Module.new do
        define_method(:post_init) do
          start_tls(sni_hostname: "localhost", verify: true, ca_file: TLSAuthority.root.file)
          send_data("over a pair\n")
        end
        define_method(:unbind) { EventMachine.stop }
      end)
    end
    expect(lines.pop).to eq("over a pair\n")
  ensure
    thread&.join
    other&.close
  end
end
