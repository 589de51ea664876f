# frozen_string_literal: true

require_relative "real_server"

RSpec.describe "The saslauthd protocol" do
  before(:all) { @files = RealServer.new }
  after(:all) { @files&.stop }

  it "is served to Cyrus' own client" do
    asked = []
    handler = Module.new do
      include EventMachine::Protocols::SASLauth

      define_method(:validate) do |*values|
        asked << values
        values[1] == "secret"
      end
    end
    program = RealServer.program("testsaslauthd", package: "sasl2-bin")
    outcomes = []
    em do
      EventMachine.start_unix_domain_server(@files.path("mux"), handler)
      Thread.new do
        outcomes = %w[secret wrong].map do |password|
          RealServer.run(program, "-u", "me", "-p", password, "-s", "imap", "-r", "realm",
                         "-f", @files.path("mux"))
        end
        EventMachine.next_tick { done }
      end
    end
    expect(asked).to eq([%w[me secret imap realm], %w[me wrong imap realm]])
    expect(outcomes.map(&:first)).to match([/OK "Success/, /NO "authentication failed"/])
  end

  describe "with saslauthd" do
    # saslauthd asks this stand-in for an IMAP server about passwords.
    def imap_server
      server = TCPServer.new("127.0.0.1", 0)
      Thread.new do
        while (client = accept_from(server))
          client.write("* OK ready\r\n")
          while (line = client.gets)
            tag = line[/\A\S+/]
            client.write(line.include?("secret") ? "#{tag} OK\r\n" : "#{tag} NO\r\n")
            break unless line.match?(/CAPABILITY/i)
          end
          client.close
        end
      end
      server
    end

    def accept_from(server)
      server.accept
    rescue IOError
      nil
    end

    before(:all) do
      @imap = imap_server
      @server = RealServer.new
      program = RealServer.program("saslauthd", package: "sasl2-bin")
      @server.start(program, "-d", "-n", "1", "-a", "rimap", "-O", "127.0.0.1/#{@imap.addr[1]}",
                    "-m", @server.directory) { File.socket?(@server.path("mux")) }
    end

    after(:all) do
      @server&.stop
      @imap&.close
    end

    it "is spoken by the client" do
      outcomes = {}
      client = Module.new { include EventMachine::Protocols::SASLauthclient }
      em do
        %w[secret wrong].each do |password|
          connection = EventMachine.connect_unix_domain(@server.path("mux"), client)
          query = connection.validate?("me", password, "imap", "")
          settle = lambda do |outcome|
            outcomes[password] = outcome
            done if outcomes.size == 2
          end
          query.callback { settle[true] }
          query.errback { settle[false] }
        end
      end
      expect(outcomes).to eq("secret" => true, "wrong" => false)
    end
  end
end
