# frozen_string_literal: true

RSpec.describe EventMachine, ".klass_from_handler" do
  let(:connection) { EventMachine::Connection }

  it "takes the class itself where there is no handler" do
    expect(described_class.klass_from_handler).to equal(connection)
    expect(described_class.klass_from_handler(EventMachine::FileWatch)).to equal(EventMachine::FileWatch)
  end

  it "takes the class and its subclasses" do
    subclass = Class.new(connection)
    expect(described_class.klass_from_handler(connection, subclass)).to equal(subclass)
    expect(described_class.klass_from_handler(connection, connection)).to equal(connection)
  end

  it "refuses another class, by name" do
    expect { described_class.klass_from_handler(connection, String) }
      .to raise_error(ArgumentError, "must provide module or subclass of EventMachine::Connection")
    expect { described_class.klass_from_handler(EventMachine::FileWatch, connection) }
      .to raise_error(ArgumentError, /subclass of EventMachine::FileWatch/)
  end

  it "refuses what is no module" do
    ["text", 5, :symbol, Object.new].each do |anything|
      expect { described_class.klass_from_handler(connection, anything) }
        .to raise_error(TypeError, "wrong argument type #{anything.class} (expected Module)")
    end
    expect { described_class.klass_from_handler(connection, true) }
      .to raise_error(TypeError, "wrong argument type true (expected Module)")
    expect(described_class.klass_from_handler(connection, false)).to equal(connection)
  end

  describe "with a module" do
    it "makes one class of it, which is kept in the module" do
      handler = Module.new
      klass = described_class.klass_from_handler(connection, handler)
      expect(klass.superclass).to equal(connection)
      expect(klass.ancestors).to include(handler)
      expect(handler::EM_CONNECTION_CLASS).to equal(klass)
      expect(described_class.klass_from_handler(connection, handler)).to equal(klass)
    end

    it "makes a class of its own where another ancestor is called for" do
      handler = Module.new
      described_class.klass_from_handler(connection, handler)
      watch = described_class.klass_from_handler(EventMachine::FileWatch, handler)
      expect(watch).to be < EventMachine::FileWatch
    end

    it "does not take the class of a module that is included" do
      inner = Module.new
      outer = Module.new { include inner }
      described_class.klass_from_handler(connection, inner)
      expect(described_class.klass_from_handler(connection, outer).ancestors).to include(outer)
    end
  end

  describe "with arguments" do
    def class_taking(&initializer)
      Class.new(connection) { define_method(:initialize, &initializer) }
    end

    it "takes as many as initialize does" do
      two = class_taking { |a, b| [a, b] }
      expect(described_class.klass_from_handler(connection, two, 1, 2)).to equal(two)
      expect { described_class.klass_from_handler(connection, two, 1) }
        .to raise_error(ArgumentError, /wrong number of arguments for .*#initialize \(1 for 2\)/)
      expect { described_class.klass_from_handler(connection, two, 1, 2, 3) }
        .to raise_error(ArgumentError, /\(3 for 2\)/)
    end

    it "takes at least those that are required" do
      one_or_more = class_taking { |a, *rest| [a, rest] }
      expect(described_class.klass_from_handler(connection, one_or_more, 1, 2, 3)).to equal(one_or_more)
      expect { described_class.klass_from_handler(connection, one_or_more) }
        .to raise_error(ArgumentError, /\(0 for 1\)/)
    end

    it "takes keywords" do
      keyword = Class.new(connection) { def initialize(first, option:) = super }
      expect(described_class.klass_from_handler(connection, keyword, 1, option: 2)).to equal(keyword)
    end
  end
end
