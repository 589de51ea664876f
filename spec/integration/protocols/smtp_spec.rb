# frozen_string_literal: true

require "openssl"
require_relative "real_server"

RSpec.describe "Mail" do
  # A certificate for localhost and its key.
  def self.certificate
    key = OpenSSL::PKey::RSA.new(2048)
    certificate = OpenSSL::X509::Certificate.new
    certificate.version = 2
    certificate.serial = 1
    certificate.subject = certificate.issuer = OpenSSL::X509::Name.new([%w[CN localhost]])
    certificate.public_key = key.public_key
    certificate.not_before = Time.now - 60
    certificate.not_after = Time.now + 3600
    certificate.sign(key, OpenSSL::Digest.new("SHA256"))
    [certificate.to_pem, key.to_pem]
  end

  before(:all) do
    @files = RealServer.new
    certificate, key = self.class.certificate
    @certificate_file = @files.write("certificate.pem", certificate)
    @key_file = @files.write("key.pem", key)
  end

  after(:all) { @files&.stop }

  describe EventMachine::Protocols::SmtpClient do
    before(:all) do
      @port = RealServer.free_port
      @server = RealServer.new
      @server.start_on(@port, RealServer.program("aiosmtpd", package: "python3-aiosmtpd"), "-n", "-l",
                       "127.0.0.1:#{@port}", "-c", "aiosmtpd.handlers.Mailbox", @server.path("mail"),
                       "--tlscert", @certificate_file, "--tlskey", @key_file, "--no-requiretls")
    end

    after(:all) { @server&.stop }

    before { Dir[@server.path("mail/new/*")].each { |file| File.unlink(file) } }

    def deliver(**args)
      result = nil
      em do
        email = described_class.send({ domain: "example.com", host: "127.0.0.1", port: @port,
                                       from: "a@example.com", to: "b@example.com" }.merge(args))
        email.callback do |values|
          result = [:sent, values]
          done
        end
        email.errback do |values|
          result = [:failed, values]
          done
        end
      end
      result
    end

    def delivered
      Dir[@server.path("mail/new/*")].map { |file| File.binread(file) }
    end

    it "delivers a header and a body, dots and line ends of any kind included" do
      outcome, values = deliver(to: %w[b@example.com c@example.com], header: { "Subject" => "Dots" },
                                body: ".\n..\r\nend.\n")
      expect([outcome, values.code, values.responder]).to eq([:sent, 250, :receive_message_response])
      expect(delivered).to contain_exactly(
        a_string_matching(/Subject: Dots\n.*X-RcptTo: b@example.com, c@example.com\n+\.\n\.\.\nend\.\n/m)
      )
    end

    it "delivers a whole message" do
      outcome, = deliver(content: "Subject: Whole\r\n\r\n..dot\r\n.\r\n")
      expect([outcome, delivered]).to match([:sent, [a_string_including("Subject: Whole", "\n.dot\n")]])
    end

    it "delivers a message of some megabytes" do
      outcome, = deliver(body: "#{'x' * 500}\n" * 5_000)
      expect([outcome, delivered[0].scan(/^x{500}$/).size]).to eq([:sent, 5_000])
    end

    it "tells of a sender that the server refuses" do
      outcome, values = deliver(from: "no address <")
      expect([outcome, values.responder]).to eq(%i[failed receive_mail_from_response])
      expect([values.code, values.message.join]).to match([501, /syntax/i])
    end

    it "goes on under TLS" do
      outcome, = deliver(starttls: true, header: { "Subject" => "Secret" }, body: "x")
      expect([outcome, delivered]).to match([:sent, [a_string_including("Subject: Secret")]])
    end

    it "fails where nothing listens" do
      outcome, values = deliver(port: RealServer.free_port)
      expect([outcome, values.code]).to eq([:failed, nil])
    end
  end

  describe EventMachine::Protocols::SmtpServer do
    let(:mailbox) do
      Class.new(described_class) do
        attr_reader :log

        def initialize(log)
          super()
          @log = log
        end

        def receive_plain_auth(user, password)
          log << [:auth, user, password]
          [user, password] == %w[me secret]
        end

        def receive_sender(sender)
          log << [:sender, sender[/<[^>]*>/]]
          true
        end

        def receive_recipient(recipient)
          log << [:recipient, recipient]
          recipient != "<nobody@example.com>"
        end

        def receive_data_chunk(lines)
          (@lines ||= []).concat(lines)
        end

        def receive_message
          log << [:message, @lines.drop_while { |line| !line.empty? }.drop(1)]
          true
        end

        def ssl_handshake_completed
          log << :tls
        end
      end
    end

    # Runs a program against the server.
    def client(*command, parms: {}, input: "")
      log = []
      outcome = nil
      port = RealServer.free_port
      em do
        EventMachine.start_server("127.0.0.1", port, mailbox, log) { |connection| connection.parms = parms }
        Thread.new do
          outcome = RealServer.run(*yield(port), input: input)
          EventMachine.next_tick { done }
        end
      end
      output, status = outcome
      [log, status.exitstatus, output]
    end

    def swaks(*arguments, **options)
      program = RealServer.program("swaks")
      client(**options) do |port|
        [program, "--server", "127.0.0.1", "--port", port.to_s, "--from", "me@example.com",
         "--to", "you@example.com", *arguments]
      end
    end

    it "takes mail from swaks" do
      log, status, output = swaks("--body", ".\n..dots\n.", "--to", "a@example.com,b@example.com")
      expect(status).to eq(0), output
      expect(log[0..2]).to eq([[:sender, "<me@example.com>"], [:recipient, "<a@example.com>"],
                               [:recipient, "<b@example.com>"]])
      expect(log[3][1].first(3)).to eq([".", "..dots", "."])
    end

    it "refuses a recipient" do
      log, status, output = swaks("--to", "nobody@example.com")
      expect([status, log.last]).to eq([24, [:recipient, "<nobody@example.com>"]])
      expect(output).to include("550 recipient is unacceptable")
    end

    it "lets clients in by PLAIN and LOGIN, and keeps others out" do
      parms = { auth: :required }
      %w[PLAIN LOGIN].each do |mechanism|
        log, status, output = swaks("--auth", mechanism, "-au", "me", "-ap", "secret", parms: parms)
        expect([status, log.first]).to eq([0, [:auth, "me", "secret"]]), output
        _, status, output = swaks("--auth", mechanism, "-au", "me", "-ap", "wrong", parms: parms)
        expect([status, output]).to match([28, /535 invalid authentication/])
      end
      expect(swaks(parms: parms)[2]).to include("550 This server requires authentication")
    end

    it "speaks TLS after STARTTLS" do
      options = { starttls: :required,
                  starttls_options: { cert_chain_file: @certificate_file, private_key_file: @key_file } }
      log, status, output = swaks("--tls", parms: options)
      expect(status).to eq(0), output
      expect(log.first).to eq(:tls)
      expect(swaks(parms: options)[2]).to include("550 This server requires STARTTLS")
    end

    it "takes mail from msmtp" do
      program = RealServer.program("msmtp")
      message = "From: me@example.com\nTo: you@example.com\nSubject: x\n\nline\n.\n..\nend\n"
      log, status, output = client(input: message) do |port|
        [program, "--host=127.0.0.1", "--port=#{port}", "--from=me@example.com", "--read-recipients"]
      end
      expect(status).to eq(0), output
      expect(log.last).to eq([:message, ["line", ".", "..", "end"]])
    end

    it "takes mail from its own client" do
      log = []
      em do
        port = RealServer.free_port
        EventMachine.start_server("127.0.0.1", port, mailbox, log) { |c| c.parms = { auth: :required } }
        email = EventMachine::Protocols::SmtpClient.send(
          domain: "example.com", host: "127.0.0.1", port: port, from: "me@example.com", to: "you@example.com",
          auth: { type: :plain, username: "me", password: -> { "secret" } }, body: "..\n.\nx"
        )
        email.callback { done }
        email.errback { |values| raise values.message.join }
      end
      expect(log).to eq([%i[auth].push("me", "secret"), [:sender, "<me@example.com>"],
                         [:recipient, "<you@example.com>"], [:message, ["..", ".", "x"]]])
    end
  end
end
