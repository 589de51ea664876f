# frozen_string_literal: true

# What a stream has received and nobody has read goes to the target of a proxy, before what comes then.
RSpec.describe EventMachine::Stream do
  # A stream, and the stream at its other end.
  def pair(**options)
    UNIXSocket.pair.zip([options, {}]).map { |socket, given| EventMachine.attach(socket, described_class, given) }
  end

  # A stream of which some bytes are read and "unread" is not, its other end, a target and its other end.
  def with_unread(**options)
    in_fiber do
      source, near = pair(**options)
      near.write("read unread ")
      expect(source.read(5)).to eq("read ")
      yield source, near, *pair
    end
  end

  it "forwards that first" do
    got = with_unread do |source, near, target, far|
      source.proxy_incoming_to(target)
      near.write("and more")
      far.read(15)
    end
    expect(got).to eq("unread and more")
  end

  it "reads on where it had stopped, since there was too much" do
    size = 100_000
    got = with_unread(read_limit: 10) do |source, near, target, far|
      writer = EventMachine.fiber { near.write("x" * size) }
      sleep(0) until source.instance_variable_get(:@stream_state).input.bytesize > 10
      expect(source.proxy_incoming_to(target)).to be_nil
      far.read(7 + size).tap { writer.await }
    end
    expect(got).to eq("unread #{'x' * size}")
  end

  { 3 => ["unr", "ead more"], 7 => ["unread ", "more"], 9 => ["unread mo", "re"] }.each do |length, (to_target, rest)|
    it "counts that among #{length} bytes to be forwarded" do
      got = with_unread do |source, near, target, far|
        completed = EventMachine::DefaultDeferrable.new
        source.define_singleton_method(:proxy_completed) { completed.succeed }
        EventMachine.enable_proxy(source, target, 0, length)
        near.write("more")
        completed.await(5)
        [far.read(length), source.read(rest.size)]
      end
      expect(got).to eq([to_target, rest])
    end
  end

  it "keeps it where no proxy can be made" do
    got = with_unread do |source, near, target, _|
      expect { EventMachine.enable_proxy(source, target, 0, -1) }.to raise_error(ArgumentError)
      target.close
      sleep(0) while state(:@conns).key?(target.signature)
      expect { source.proxy_incoming_to(target) }.to raise_error(EventMachine::ConnectionError)
      near.close_write
      source.read
    end
    expect(got).to eq("unread ")
  end
end
