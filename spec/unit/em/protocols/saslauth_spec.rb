# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::SASLauth do
  let(:server) do
    Class.new do
      include EventMachine::Protocols::SASLauth
      include ProtocolFuzz::Recorder

      def validate(*values)
        note(:validate, values)
        values.first == "me"
      end
    end
  end

  let(:client) do
    Class.new do
      include EventMachine::Protocols::SASLauthclient
      include ProtocolFuzz::Recorder
    end
  end

  def fields(*words)
    words.map { |word| [word.bytesize, word].pack("na*") }.join
  end

  def connected(handler)
    handler.new.tap(&:post_init)
  end

  it "answers requests, whatever the chunks" do
    stream = fields("me", "a", "s", "r") + fields("you", "", "", "")
    [1, 3, 1000].each do |size|
      object = connected(server)
      stream.scan(/.{1,#{size}}/mn) { |chunk| object.receive_data(chunk) }
      expect(object.log).to eq([[:validate, %w[me a s r]], [:send, "\0\2OK"],
                                [:validate, ["you", "", "", ""]], [:send, "\0\2NO"]])
    end
  end

  it "lets everybody in unless it is told otherwise" do
    object = Object.new.extend(described_class)
    expect(object.validate("a", "b", "c", "d")).to be(true)
  end

  it "asks and takes the answers in order" do
    object = connected(client)
    answers = []
    %w[a b].each do |user|
      query = object.validate?(user, "x")
      query.callback { answers << [user, true] }
      query.errback { answers << [user, false] }
    end
    object.receive_data(fields("NO failed", "OK Success"))
    expect(object.log.first).to eq([:send, fields("a", "x", "", "")])
    expect(answers).to eq([["a", false], ["b", true]])
  end

  it "fails what has no answer, and closes on an answer without a question" do
    object = connected(client)
    failed = []
    object.validate?("a", "x").errback { failed << :a }
    object.unbind
    expect(failed).to eq([:a])

    object = connected(client)
    object.receive_data(fields("OK", "OK"))
    expect(object.log).to eq([[:close]])
  end

  it "refuses a field that is too long" do
    expect { connected(client).validate?("a" * 65_536, "x") }.to raise_error(ArgumentError, /65536/)
  end
end
