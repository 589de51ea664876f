# frozen_string_literal: true

require_relative "../support/kinds_helper"

# Back-pressure on every kind of connection: as the one that is full, and as the one that is not read from.
RSpec.describe "Back-pressure", kinds: true do
  data = Random.new(1).bytes(3_000_000)
  pairs = KindsHelper::WRITABLE.map { |kind| [kind, :tcp] } + KindsHelper::READABLE.map { |kind| [:attached, kind] }

  let(:log) { [] }
  let(:full) { Queue.new }

  # A handler that notes crossings.
  def target
    entries = log
    reached = full
    Module.new do
      define_method(:outbound_full) { (entries << :full) && reached.push(nil) }
      define_method(:outbound_drained) { entries << :drained }
      define_method(:receive_data) { |_| nil }
    end
  end

  # A handler that passes on what it reads, and notes what waits then.
  def source(target, waiting)
    Module.new do
      define_method(:post_init) { target.pause_when_full(self) }
      define_method(:receive_data) do |read|
        target.send_data(read)
        waiting << target.get_outbound_data_size
      end
      define_method(:unbind) { target.close_connection_after_writing }
    end
  end

  pairs.uniq.each do |to, from|
    it "holds back #{from} for #{to}, and loses nothing" do
      waiting = []
      received = beside do
        sender = Queue.new
        connect, read = writable(to, target) do |made|
          sender << Thread.new(&readable(from, source(made, waiting), data))
        end
        lambda do
          peer = connect.call
          full.pop
          read.call(peer).tap { sender.pop.join }
        end
      end
      expect(received == data).to be(true)
      expect(waiting.max).to be < 65_536 + 1_048_576
      expect([log.first, log.chunk_while { |one, next_one| one == next_one }.map(&:size).max]).to eq([:full, 1])
    end
  end

  KindsHelper::WRITABLE.each do |kind|
    it "is told of #{kind} by outbound_full? as by the callbacks" do
      handler = target
      states = []
      received = beside do
        handler.define_method(:outbound_drained) { (states << outbound_full?) && close_connection_after_writing }
        connect, read = writable(kind, handler) do |made|
          made.set_outbound_limits(high: 100_000, low: 1000)
          states << made.outbound_full?
          made.send_data(data)
          states << made.outbound_full?
        end
        lambda do
          peer = connect.call
          full.pop
          read.call(peer)
        end
      end
      expect([received == data, states, log]).to eq([true, [false, true, false], [:full]])
    end
  end
end
