# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::SmtpClient do
  let(:client) do
    Class.new(described_class) do
      include ProtocolFuzz::Recorder

      def initialize(args)
        super()
        self.args = { domain: "me", from: "a@b", to: "c@d", header: { "Subject" => "x" },
                      body: "y" }.merge(args)
        callback { |values| note(:succeeded, values.code, values.message) }
        errback { |values| note(:failed, values.responder, values.code, values.message) }
      end
    end
  end

  # The commands sent after the replies, and the outcome.
  def dialogue(*replies, **args)
    object = client.new(nil, args)
    object.connection_completed
    replies.each { |reply| object.receive_data("#{reply}\r\n") unless object.ended? }
    object.unbind
    sent, others = object.log.partition { |event| event.first == :send }
    [sent.map(&:last).join.force_encoding("UTF-8"), others - [[:close]]]
  end

  ok = "250 ok"
  accepting = ["220 hi", ok, ok, ok, "354 go", "250 taken"]

  it "sends a message" do
    sent, outcome = dialogue(*accepting, body: [".\n", "..a\r\nb"])
    expect(sent).to eq("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" \
                       "Subject: x\r\n\r\n..\r\n...a\r\nb\r\n.\r\nQUIT\r\n")
    expect(outcome).to eq([[:succeeded, 250, ["taken"]]])
  end

  it "sends a header that is text, and a whole message" do
    expect(dialogue(*accepting, header: "A: b\r\n")[0]).to include("DATA\r\nA: b\r\n\r\ny\r\n.\r\n")
    { "A: b\r\n\r\nc\r\n.\r\n" => "A: b\r\n\r\nc\r\n.\r\n", ["A: b\r\n", "\r\nc"] => "A: b\r\n\r\nc\r\n.\r\n",
      "A: b\r\n\r\nc\r\n" => "A: b\r\n\r\nc\r\n.\r\n" }.each do |content, sent|
      expect(dialogue(*accepting, content: content)[0]).to end_with("DATA\r\n#{sent}QUIT\r\n")
    end
  end

  it "sends a whole message, rather than anything else" do
    { "A: b\r\n\r\nx\r\n.y\r\n" => "A: b\r\n\r\nx\r\n..y\r\n\r\n.\r\n",
      "A: b\n\n.\n" => "A: b\r\n\r\n..\r\n\r\n.\r\n", "" => "\r\n.\r\n", sym: "sym\r\n.\r\n",
      ["A: b\n", "\nx"] => "A: b\r\n\r\nx\r\n.\r\n" }.each do |message, sent|
      expect(dialogue(*accepting, message: message, content: "c")[0]).to end_with("DATA\r\n#{sent}QUIT\r\n")
    end
  end

  it "takes texts byte by byte, whatever their encodings" do
    mixed = ["é.\n".freeze, "\xE9\xFF\n.".b]
    bytes = "\xC3\xA9.\r\n\xE9\xFF\r\n..\r\n.\r\nQUIT\r\n".b
    %i[message body].each do |option|
      expect(dialogue(*accepting, option => mixed)[0].b).to end_with(bytes)
    end
    content = dialogue(*accepting, content: mixed)[0].b
    expect(content).to end_with("\xC3\xA9.\n\xE9\xFF\n.\r\n.\r\nQUIT\r\n".b)
    ["caf\xE9", "é".encode("UTF-16LE"), "é".encode("ISO-2022-JP", undef: :replace)].each do |text|
      expect(dialogue(*accepting, body: text)[0].b).to end_with("#{text.b}\r\n.\r\nQUIT\r\n".b)
      expect(dialogue(*accepting, header: { "é" => text })[0].b).to include("\xC3\xA9: ".b + text.b + "\r\n".b)
    end
  end

  it "sends a header field for each of several values, and takes symbols" do
    header = { Subject: :sym, "Received" => %w[a b], "X" => nil }
    expect(dialogue(*accepting, header: header)[0])
      .to include("DATA\r\nSubject: sym\r\nReceived: a\r\nReceived: b\r\nX: \r\n\r\ny\r\n.\r\n")
  end

  it "goes on as long as one recipient is taken" do
    sent, outcome = dialogue("220 hi", ok, ok, "550 no", ok, "550 no", "354 go", ok, to: %w[a b c])
    expect(sent).to include("RCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\nDATA\r\n")
    expect(outcome).to eq([[:succeeded, 250, ["ok"]]])
    _, outcome = dialogue("220 hi", ok, ok, "550 no", "551 no", to: %w[a b])
    expect(outcome).to eq([[:failed, :receive_rcpt_to_response, 551, ["no"]]])
  end

  it "tells where it failed" do
    { ["554 no"] => [:receive_signon, 554, ["no"]],
      ["garbage"] => [:receive_signon, 0, ["garbage"]],
      ["220 hi", "250-x\r\n421 busy"] => [:receive_ehlo_response, 421, %w[x busy]],
      ["220 hi", ok, "451-x\r\n451 y"] => [:receive_mail_from_response, 451, %w[x y]],
      ["220 hi", ok, ok, ok, "500 no"] => [:receive_data_response, 500, ["no"]],
      ["220 hi", ok, ok, ok, "354 go", "550 no"] => [:receive_message_response, 550, ["no"]] }
      .each do |replies, outcome|
        sent, others = dialogue(*replies)
        expect([sent[-6..], others]).to eq(["QUIT\r\n", [[:failed, *outcome]]])
      end
  end

  it "fails when the connection ends" do
    expect(dialogue[1]).to eq([[:failed, :receive_signon, nil, []]])
    expect(dialogue("220 hi", ok)[1]).to eq([[:failed, :receive_mail_from_response, 250, []]])
  end

  it "falls back to HELO where it needs no extension" do
    expect(dialogue("220 hi", "502 no", ok)[0]).to eq("EHLO me\r\nHELO me\r\nMAIL FROM:<a@b>\r\n")
    failure = [[:failed, :receive_ehlo_response, 502, ["no"]]]
    expect(dialogue("220 hi", "502 no", "502 no")[1]).to eq(failure)
    expect(dialogue("220 hi", "502 no", starttls: true)[1]).to eq(failure)
  end

  it "authenticates by PLAIN and no other" do
    auth = { type: :plain, username: "u", password: -> { "p" } }
    expect(dialogue("220 hi", ok, "235 ok", auth: auth)[0])
      .to end_with("AUTH PLAIN AHUAcA==\r\nMAIL FROM:<a@b>\r\n")
    expect(dialogue("220 hi", ok, "535 no", auth: auth)[1])
      .to eq([[:failed, :receive_auth_response, 535, ["no"]]])
    [auth.merge(type: :other), true].each do |other|
      expect(dialogue("220 hi", ok, auth: other)[1])
        .to eq([[:failed, :receive_ehlo_response, 900, "unsupported auth type"]])
    end
    binary = auth.merge(username: "é", password: "\xE9".b)
    expect(dialogue("220 hi", ok, auth: binary)[0]).to end_with("AUTH PLAIN AMOpAOk=\r\n")
  end

  it "gives a silent server a minute" do
    em do
      server = EventMachine.start_server("127.0.0.1", 0)
      port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
      object = described_class.send(host: "127.0.0.1", port: port)
      expect(object.comm_inactivity_timeout).to eq(60)
      object.comm_inactivity_timeout = 0.05
      object.errback do |outcome|
        expect([outcome.responder, outcome.code]).to eq([:receive_signon, nil])
        done
      end
    end
  end

  it "starts TLS, and reads nothing that was sent in the clear after that" do
    object = client.new(nil, starttls: { verify_peer: true })
    allow(object).to receive(:start_tls)
    object.connection_completed
    ["220 hi\r\n", "250 ok\r\n", "220 go\r\n250 injected\r\n250 injected\r\n"]
      .each { |data| object.receive_data(data) }
    expect(object).to have_received(:start_tls).with({ verify_peer: true })
    expect(object.log.map(&:last)).to eq(["EHLO me\r\n", "STARTTLS\r\n", "EHLO me\r\n"])
    object.receive_data("250 ok\r\n")
    expect(object.log.last).to eq([:send, "MAIL FROM:<a@b>\r\n"])
  end

  it "bounds the replies" do
    object = client.new(nil, {})
    object.connection_completed
    object.receive_data("220-x\r\n" * 1001)
    expect(object.log).to include([:failed, :receive_signon, 900, "overlength reply"], [:close])
  end

  it "refuses line breaks in addresses" do
    [{ from: "a\r\nRCPT TO:<b>" }, { to: ["a", "b\n"] }, { domain: "a\r" }].each do |args|
      expect { described_class.send({ host: "h" }.merge(args)) }.to raise_error(ArgumentError, /line break/)
    end
  end
end
