# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::Postgres3 do
  let(:handler) { Class.new(described_class) { include ProtocolFuzz::Recorder } }
  let(:db) { handler.new(nil) }

  def message(type, *parts)
    body = parts.join.b
    [type, body.bytesize + 4, body].pack("aNa*")
  end

  def number(value)
    [value].pack("N")
  end

  def ready
    message("Z", "I")
  end

  def log_in
    outcome = nil
    db.connect("base", "me", "secret").callback { |*values| outcome = values }
    db.receive_data(message("R", number(0)) + message("S", "server_version\0", "15\0") + ready)
    db.log.clear
    outcome
  end

  def connect_with(*messages, password: "secret")
    outcome = nil
    db.connect("base", "me", password).callback { |*values| outcome = values }
    db.log.clear
    messages.each { |data| db.receive_data(data) }
    outcome
  end

  it "starts a session" do
    db.connect("base", "me")
    expect(db.log).to eq([[:send, "#{number(31)}\0\3\0\0user\0me\0database\0base\0\0".b]])
    expect { db.connect("a\0b", "me") }.to raise_error(ArgumentError, /NUL/)
  end

  it "is told what the server says of itself" do
    expect(log_in).to eq([true])
    expect(db.parameters).to eq("server_version" => "15")
  end

  it "sends a clear password, and one by MD5" do
    connect_with(message("R", number(3)))
    expect(db.log).to eq([[:send, message("p", "secret\0")]])
    db.log.clear
    db.receive_data(message("R", number(5), "salt"))
    digest = Digest::MD5.hexdigest("#{Digest::MD5.hexdigest('secretme')}salt")
    expect(db.log).to eq([[:send, message("p", "md5#{digest}\0")]])
  end

  it "gives up where it cannot authenticate" do
    { message("R", number(7)) => /kind 7/, message("R", number(10), "OTHER\0\0") => /OTHER/,
      message("R", number(11), "r=x") => /not begun/, message("R") => /cut short/ }.each do |data, reason|
      db = handler.new(nil)
      outcome = nil
      db.connect("base", "me", "x").callback { |*values| outcome = values }
      db.receive_data(data)
      expect(outcome).to match([false, reason])
      expect(db.log.last).to eq([:close])
    end
    expect(connect_with(message("R", number(3)), password: nil)).to match([false, /wants a password/])
  end

  describe "SCRAM" do
    let(:offer) { message("R", number(10), "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0") }

    before { allow(SecureRandom).to receive(:base64).and_return("nonce") }

    it "does not trust a server with another nonce, or one that asks for too much work" do
      ["r=other,s=AAAA,i=1", "r=nonceX,s=AAAA,i=999999999", "r=nonceX,s=AAAA,i=0", "r=nonceX,s=!,i=1", "x"]
        .each do |first|
          db = handler.new(nil)
          outcome = nil
          db.connect("base", "me", "x").callback { |*values| outcome = values }
          db.receive_data(offer + message("R", number(11), first))
          expect(outcome).to match([false, /SCRAM/])
        end
    end

    it "derives one key, however often the server asks" do
      expect(OpenSSL::KDF).to receive(:pbkdf2_hmac).once.and_return("k" * 32)
      first = message("R", number(11), "r=nonceX,s=AAAA,i=1")
      expect(connect_with(offer, first * 2)).to match([false, /answered already/])
    end

    it "is begun once" do
      expect(connect_with(offer * 2)).to match([false, /begun already/])
    end

    it "does not trust a server that does not know the password" do
      first = message("R", number(11), "r=nonceX,s=AAAA,i=1")
      expect(connect_with(offer, first, message("R", number(12), "v=AAAA"), message("R", number(0))))
        .to match([false, /does not know the password/])
    end

    it "does not trust a server that leaves the proof out" do
      expect(connect_with(offer, message("R", number(0)))).to match([false, /does not know the password/])
    end
  end

  it "gives the results of queries, one after the other" do
    log_in
    answers = []
    2.times { |i| db.query("select #{i}").callback { |*values| answers << values } }
    expect(db.log).to eq([[:send, message("Q", "select 0\0")]])
    columns = message("T", [1, "c", 1, 2, 3, 4, 5, 0].pack("nZ*NnNnNn"))
    stream = columns + message("D", [2, 1, "x", -1].pack("nNal>")) + message("C", "SELECT 1\0") + ready +
             message("E", "SERROR\0C1\0Mbad\0\0") + ready
    stream.each_char { |char| db.receive_data(char) }
    result = answers[0][1]
    expect(answers[0]).to eq([true, result, []])
    expect([result.rows, result.cmd_tag]).to eq([[["x", nil]], "SELECT 1"])
    expect(result.fields.map(&:name)).to eq(["c"])
    expect([answers[1][0], answers[1][2]]).to eq([false, ["ERROR: bad"]])
  end

  it "refuses a NUL in a query" do
    expect { db.query("select '\0'") }.to raise_error(ArgumentError, /NUL/)
  end

  it "closes on what is no message, and tells what waits" do
    [message("?"), "D\x7F\xFF\xFF\xFF", "D\0\0\0\0", message("D", [9].pack("n")),
     message("T", [1, "c"].pack("na"))]
      .each do |data|
        db = handler.new(nil)
        db.connect("base", "me")
        db.receive_data(message("R", number(0)) + ready)
        outcome = nil
        db.query("select").callback { |*values| outcome = values }
        db.receive_data(data)
        expect([outcome[0], outcome[2].size, db.log.last]).to eq([false, 1, [:close]])
      end
  end

  it "tells what waits when the connection is lost, and what comes later" do
    log_in
    outcomes = []
    db.query("select 1").callback { |*values| outcomes << values }
    db.unbind
    db.query("select 2").callback { |*values| outcomes << values }
    expect(outcomes.map { |success, _, errors| [success, errors] }).to eq([[false, ["lost connection"]]] * 2)
  end
end
