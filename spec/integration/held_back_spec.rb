# frozen_string_literal: true

# A connection that is not read from while another is full, and what becomes of it.
RSpec.describe "A connection that pause_when_full holds back" do
  let(:log) { [] }

  # A connection that is full, and its peer.
  def full
    near, far = UNIXSocket.pair
    connection = EventMachine.attach(near)
    connection.set_outbound_limits
    connection.send_data("x" * 2_000_000)
    [connection, far]
  end

  # Holds a source back by that many targets, calls the block, and stops the reactor when the source has ended, whose
  # peer has sent a word and its end.
  def held(count = 1)
    near, @peer = UNIXSocket.pair
    em do
      targets = Array.new(count) { full }
      handler = noting(log, unbind: ->(_) { EventMachine.stop })
      handler.define_method(:receive_eof) { note(:receive_eof, :receive_eof) || close_connection }
      source = EventMachine.attach(near, handler)
      targets.each { |target, _| target.pause_when_full(source) }
      @peer.write("word")
      @peer.close_write
      after_turns { (log << :turns) && yield(source, *targets.flatten) }
    end
    log
  end

  ending = [:post_init, :turns, :go, "word", :receive_eof, [:unbind, nil]]

  # Reads all that a full connection has to send, in a thread.
  def drain(peer)
    Thread.new { peer.read(2_000_000) }
  end

  it "goes on when that is drained" do
    expect(held { |_, _, peer| (log << :go) && drain(peer) }).to eq(ending)
  end

  %i[close_connection detach].each do |how|
    it "goes on after #{how} of the other" do
      expect(held { |_, target, _| (log << :go) && (@kept = target.public_send(how)) }).to eq(ending)
    end
  end

  it "goes on when the other's peer is gone" do
    expect(held { |_, _, peer| (log << :go) && peer.close }).to eq(ending)
  end

  it "goes on when the last of several is drained" do
    events = held(2) do |_, _, first, _, last|
      drain(first)
      EventMachine.add_timer(0.02) { after_turns { (log << :go) && drain(last) } }
    end
    expect(events).to eq(ending)
  end

  it "can be closed meanwhile" do
    expect(held { |source,| source.close_connection }).to eq([:post_init, :turns, [:unbind, nil]])
  end

  it "can be detached meanwhile, with what it has not read" do
    word = nil
    held { |source,| word = io_of(source.detach).then { |io| io.read.tap { io.close } } }
    expect(word).to eq("word")
  end
end
