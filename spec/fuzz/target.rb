# frozen_string_literal: true

module ProtocolFuzz
  # A parser that is fuzzed.
  #
  # - flood: what a peer could send for ever, nil if there is nothing like that
  # - limit: after how many MiB of it the connection has to end, nil if it may go on
  # - whole: whether inputs arrive in one piece, as datagrams and files do
  Target = Struct.new(:name, :parser, :flood, :limit, :whole, keyword_init: true) do
    # @return [Object] a new parser, as if its connection had just been established
    def build
      parser < EventMachine::Connection ? parser.new(nil) : parser.new
    end

    # @return [String]
    def directory
      File.join(__dir__, "corpus", name)
    end

    # @return [Array<String>] the inputs in the repository, in a stable order
    def corpus
      Dir.glob(File.join(directory, "*")).map { |path| File.binread(path) }
    end

    # @param pieces [Array<String>]
    # @return [Array] what a new parser did with them
    def run(pieces)
      ProtocolFuzz.run(build, pieces)
    end
  end

  @targets = {}

  class << self
    # @return [Hash{String => Target}]
    attr_reader :targets

    # Declares a target. The body defines the parser's callbacks.
    #
    # @param name [String] also the name of its corpus
    # @param protocol [Module]
    def target(name, protocol, flood: nil, limit: nil, whole: false, &body)
      parser = protocol.is_a?(Class) ? Class.new(protocol) : Class.new.include(protocol)
      parser.include(Recorder)
      parser.class_eval(&body) if body
      targets[name] = Target.new(name: name, parser: parser, flood: flood&.b, limit: limit, whole: whole)
    end
  end
end

Dir[File.join(__dir__, "targets", "*.rb")].each { |file| require file }
