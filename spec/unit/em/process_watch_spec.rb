# frozen_string_literal: true

RSpec.describe EventMachine::ProcessWatch do
  let(:recorder) do
    Class.new(described_class) do
      %i[process_exited process_forked].each { |name| define_method(name) { seen << name } }

      def seen
        @seen ||= []
      end
    end
  end

  it "is a connection" do
    expect(described_class).to be < EventMachine::Connection
  end

  it "calls the method for what the reactor tells" do
    watch = recorder.new(1)
    ["exit", "fork", described_class::Cexit, described_class::Cfork].each { |data| watch.receive_data(data) }
    expect(watch.seen).to eq(%i[process_exited process_forked] * 2)
  end

  it "ignores anything else" do
    watch = recorder.new(1)
    [nil, "", "bogus", 5].each { |data| expect(watch.receive_data(data)).to be_nil }
    expect(watch.seen).to be_empty
  end

  it "does nothing unless told" do
    watch = described_class.new(1)
    %w[exit fork].each { |data| expect(watch.receive_data(data)).to be_nil }
  end

  it "knows no process by itself" do
    expect(described_class.new(1).pid).to be_nil
  end

  it "ends by its signature" do
    allow(EventMachine).to receive(:unwatch_pid).and_return(nil)
    expect(described_class.new(7).stop_watching).to be_nil
    expect(EventMachine).to have_received(:unwatch_pid).with(7)
  end
end
