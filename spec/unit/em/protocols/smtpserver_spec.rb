# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::SmtpServer do
  let(:handler) do
    Class.new(described_class) do
      include ProtocolFuzz::Recorder

      attr_accessor :decisions

      def initialize
        super
        @decisions = {}
      end

      def post_init; end

      %i[receive_ehlo_domain receive_sender receive_recipient receive_plain_auth receive_data_command
         receive_message].each do |name|
        define_method(name) do |*values|
          note(name, *values)
          decisions.fetch(name, true)
        end
      end

      %i[receive_data_chunk receive_reset receive_transaction connection_ended].each do |name|
        define_method(name) { |*values| note(name, *values) }
      end
    end
  end

  let(:server) { handler.new(nil) }

  def replies(*commands, **parms)
    server.parms = parms
    server.log.clear
    commands.each { |command| server.receive_data("#{command}\r\n") }
    server.log.select { |event| event.first == :send }.map { |_, data| data.chomp }
  end

  def events
    server.log.reject { |event| event.first == :send }
  end

  def chunks
    events.select { |event| event.first == :receive_data_chunk }.map(&:last)
  end

  it "greets, on the next turn" do
    sent = nil
    greeting = Class.new(described_class) do
      define_method(:send_data) do |data|
        sent = data
        EventMachine.stop
      end
    end
    em { greeting.new(nil) }
    expect(sent).to eq("220 EventMachine SMTP Server\r\n")
  end

  it "answers HELO and EHLO" do
    expect(replies("HELO me")).to eq(["250 Ok EventMachine SMTP Server"])
    expect(replies("ehlo me"))
      .to eq(["250-Ok EventMachine SMTP Server", "250-NO-SOLICITING", "250 SIZE 20000000"])
    expect(events).to eq([[:receive_ehlo_domain, "me"], [:receive_transaction]])
    expect(replies("EHLO me", auth: true, starttls: true)[1..2])
      .to eq(["250-STARTTLS", "250-AUTH PLAIN LOGIN"])
    server.decisions[:receive_ehlo_domain] = false
    expect(replies("HELO x", "EHLO x")).to eq(["550 Requested action not taken"] * 2)
  end

  it "takes messages, and takes the stuffing out of dots" do
    mail = ["MAIL FROM:<a> SIZE=1", "RCPT TO:<b>", "RCPT TO: <c>", "DATA", "x", "", "..", ".y", "."]
    expect(replies(*mail)).to eq(["250 Ok", "250 Ok", "250 Ok", "354 Send it", "250 Message accepted"])
    expect(events).to eq([[:receive_sender, "<a> SIZE=1"], [:receive_recipient, "<b>"],
                          [:receive_recipient, "<c>"], [:receive_data_command],
                          [:receive_data_chunk, ["x", "", ".", "y"]], [:receive_message],
                          [:receive_transaction]])
    expect(replies(*mail).last).to eq("250 Message accepted")
  end

  it "hands over long messages in parts" do
    replies("MAIL FROM:<a>", "RCPT TO:<b>", "DATA", *%w[1 2 3 4 5], ".", chunksize: 2)
    expect(chunks).to eq([%w[1 2 3], %w[4 5]])
    long = "x" * 600_000
    replies("MAIL FROM:<a>", "RCPT TO:<b>", "DATA", long, long, "end", ".")
    expect(chunks).to eq([[long, long], ["end"]])
  end

  it "wants the commands in order" do
    expect(replies("RCPT TO:<b>", "DATA", "MAIL FROM:<a>", "MAIL FROM:<a>", "DATA"))
      .to eq(["503 MAIL is required before RCPT", "503 Operation sequence error", "250 Ok",
              "503 MAIL already given", "503 Operation sequence error"])
  end

  it "does as it is told by the subclass" do
    { receive_sender: "550 sender is unacceptable", receive_recipient: "550 recipient is unacceptable",
      receive_data_command: "550 Operation failed", receive_message: "550 Message rejected" }
      .each do |name, reply|
        server.decisions = { name => false }
        expect(replies("RSET", "MAIL FROM:<a>", "RCPT TO:<b>", "DATA", ".")).to include(reply)
      end
  end

  describe "decisions that are Deferrables" do
    { receive_sender: [1, "250", "550"], receive_recipient: [2, "250", "550"],
      receive_data_command: [3, "354", "550"], receive_message: [4, "250", "550"] }
      .each do |name, (steps, accepted, refused)|
        { succeed: accepted, fail: refused }.each do |outcome, code|
          it "are waited for by #{name} until they #{outcome}" do
            server.decisions[name] = EventMachine::DefaultDeferrable.new
            given = replies(*["MAIL FROM:<a>", "RCPT TO:<b>", "DATA", "."].first(steps)).size
            server.decisions[name].public_send(outcome)
            answers = server.log.select { |event| event.first == :send }.map(&:last)
            expect([given, answers.last[0, 3]]).to eq([steps - 1, code])
          end
        end
      end
  end

  it "starts afresh after RSET" do
    expect(replies("MAIL FROM:<a>", "RSET", "DATA", "MAIL FROM:<b>").last(2))
      .to eq(["503 Operation sequence error", "250 Ok"])
    expect(events.map(&:first)).to eq(%i[receive_sender receive_transaction receive_reset receive_sender])
  end

  it "answers the other commands" do
    expect(replies("NOOP", "HELP", "VRFY a", "EXPN a", "nonsense", "", "STARTTLS"))
      .to eq(["250 Ok", "250 Ok, but unimplemented", "502 Command not implemented",
              "502 Command not implemented", *["500 Unknown command"] * 3])
  end

  it "quits, and reads no more" do
    server.receive_data("QUIT\r\nNOOP\r\n")
    expect(server.log).to eq([[:send, "221 Ok\r\n"], [:close]])
    server.unbind
    expect(server.log.last).to eq([:connection_ended])
  end

  it "authenticates by PLAIN and LOGIN" do
    { ["AUTH PLAIN AHUAcA=="] => ["235 authentication ok"],
      ["AUTH PLAIN", "AHUAcA=="] => ["334 ", "235 authentication ok"],
      ["auth login", "dQ==", "cA=="] => ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 authentication ok"],
      ["AUTH LOGIN dQ==", "cA=="] => ["334 UGFzc3dvcmQ6", "235 authentication ok"] }
      .each do |commands, answers|
        object = handler.new(nil)
        commands.each { |command| object.receive_data("#{command}\r\n") }
        sent = object.log.select { |event| event.first == :send }
        expect(sent.map { |_, data| data.chomp("\r\n") }).to eq(answers)
        expect(object.log).to include([:receive_plain_auth, "u", "p"])
      end
  end

  it "refuses other mechanisms, malformed answers, wrong passwords and a second time" do
    expect(replies("AUTH CRAM-MD5", "AUTH PLAIN !", "AUTH PLAIN", "*"))
      .to eq(["504 auth mechanism not available", "501 malformed authentication data", "334 ",
              "501 authentication cancelled"])
    server.decisions[:receive_plain_auth] = false
    expect(replies("AUTH PLAIN AHUAcA==")).to eq(["535 invalid authentication"])
    server.decisions.clear
    expect(replies("AUTH PLAIN AHUAcA==", "AUTH PLAIN AHUAcA==").last).to eq("503 auth already issued")
  end

  it "can require authentication and TLS, and remembers them" do
    required = "550 This server requires authentication before MAIL FROM"
    expect(replies("MAIL FROM:<a>", auth: :required)).to eq([required])
    expect(replies("AUTH PLAIN AHUAcA==", "MAIL FROM:<a>", "RSET", "MAIL FROM:<a>")[1..])
      .to eq(["250 Ok"] * 3)
    expect(replies("RSET", "MAIL FROM:<a>", starttls: :required).last)
      .to eq("550 This server requires STARTTLS before MAIL FROM")
  end

  it "starts TLS once, after EHLO, and reads nothing that came before it" do
    allow(server).to receive(:start_tls)
    expect(replies("STARTTLS", starttls: true, starttls_options: { verify_peer: true }))
      .to eq(["503 EHLO required before STARTTLS"])
    server.receive_data("EHLO a\r\nMAIL FROM:<a>\r\nSTARTTLS\r\nRCPT TO:<injected>\r\n")
    expect(server).to have_received(:start_tls).once.with({ verify_peer: true })
    expect(server.log.last).to eq([:send, "220 Start TLS negotiation\r\n"])
    expect(replies("RCPT TO:<a>", "STARTTLS")).to eq(["503 MAIL is required before RCPT",
                                                      "503 TLS Already negotiated"])
    expect(replies("EHLO a").join).not_to include("STARTTLS")
  end

  it "closes on a line that never ends" do
    20.times { server.receive_data("x" * 65_536) unless server.ended? }
    expect(server.log).to eq([[:close]])
  end

  it "shares the parameters of the class" do
    before = described_class.class_variable_get(:@@parms).dup
    described_class.parms = { auth: true }
    expect(replies("EHLO a").join).to include("AUTH PLAIN")
  ensure
    described_class.class_variable_set(:@@parms, before)
  end
end
