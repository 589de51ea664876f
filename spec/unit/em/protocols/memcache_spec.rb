# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::Memcache do
  let(:handler) do
    Class.new do
      include EventMachine::Protocols::Memcache
      include ProtocolFuzz::Recorder
    end
  end

  let(:cache) { handler.new("host").tap(&:connection_completed) }

  it "sends commands when the connection stands" do
    object = handler.new("host")
    object.get(:a, "b c") { nil }
    object.set("é", "ü", 30)
    object.set(:a, nil) { nil }
    object.delete(:a)
    object.del(:a, 5) { nil }
    expect(object.log).to be_empty
    object.connection_completed
    expect(object.log.map(&:last).join)
      .to eq("get a b_c\r\nset é 0 30 2 noreply\r\nü\r\nset a 0 0 0\r\n\r\n" \
             "delete a noreply\r\ndelete a 5\r\n".b)
  end

  it "hands out the answers" do
    answers = []
    cache.get(:a, :b, :c) { |*values| answers << values }
    cache.set(:a, 1) { |stored| answers << stored }
    cache.set(:a, 1) { |stored| answers << stored }
    cache.delete(:a) { |deleted| answers << deleted }
    cache.get_hash("é", :b) { |values| answers << values }
    ["VALUE c 0 3\r\nx\ry\r\nVALUE a 5 1\r\nz\r\n", "END\r\nSTORED\r\nNOT_STO", "RED\r\nNOT_FOUND\r\n",
     "VALUE é 0 0\r\n\r\nEND\r\n"].each { |chunk| cache.receive_data(chunk) }
    expect(answers).to eq([["z", nil, "x\ry"], true, false, false, { "é" => "", b: nil }])
  end

  it "gives nothing where the server tells of an error" do
    answers = []
    cache.get(:a) { |value| answers << value }
    cache.set(:a, 1) { |stored| answers << stored }
    cache.receive_data("SERVER_ERROR busy\r\nERROR\r\nCLIENT_ERROR nothing asked\r\n")
    expect(answers).to eq([nil, false])
  end

  it "closes on what is no answer" do
    ["garbage\r\n", "VALUE a 0 999999999\r\n", "VALUE a 0 1\r\nxyz", "STORED\r\n", "x" * 9000]
      .each do |answer|
        object = handler.new("host").tap(&:connection_completed)
        object.get(:a) { nil }
        object.receive_data(answer)
        object.receive_data("END\r\n")
        expect(object.log.last).to eq([:close]), answer[0, 20]
      end
  end

  it "wants a key and a block" do
    expect { cache.get { nil } }.to raise_error(ArgumentError)
    expect { cache.get(:a) }.to raise_error(ArgumentError)
    expect { cache.get_hash(:a) }.to raise_error(ArgumentError)
  end

  it "fails if there was no connection" do
    object = handler.new("host")
    failed = false
    object.errback { failed = true }
    object.unbind
    expect(failed).to be(true)
  end
end
