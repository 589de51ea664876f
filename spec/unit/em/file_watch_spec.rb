# frozen_string_literal: true

RSpec.describe EventMachine::FileWatch do
  let(:recorder) do
    Class.new(described_class) do
      %i[file_modified file_moved file_deleted].each { |name| define_method(name) { seen << name } }

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
    ["modified", "moved", "deleted", described_class::Cmodified, described_class::Cmoved,
     described_class::Cdeleted].each { |data| watch.receive_data(data) }
    expect(watch.seen).to eq(%i[file_modified file_moved file_deleted] * 2)
  end

  it "ignores anything else" do
    watch = recorder.new(1)
    [nil, "", "bogus", 5].each { |data| expect(watch.receive_data(data)).to be_nil }
    expect(watch.seen).to be_empty
  end

  it "does nothing unless told" do
    watch = described_class.new(1)
    %w[modified moved deleted].each { |data| expect(watch.receive_data(data)).to be_nil }
  end

  it "knows no path by itself" do
    expect(described_class.new(1).path).to be_nil
  end

  it "ends by its signature" do
    allow(EventMachine).to receive(:unwatch_filename).and_return(nil)
    expect(described_class.new(7).stop_watching).to be_nil
    expect(EventMachine).to have_received(:unwatch_filename).with(7)
  end
end
