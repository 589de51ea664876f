# frozen_string_literal: true

module Bench
  # What is compared: a program that is run on each subject, and how many operations it is given.
  #
  # A server's program prints the port that it listens on, and a load is driven against it from another core.
  # Any other program does OPERATIONS operations by itself.
  Line = Struct.new(:id, :title, :source, :operations, :load, keyword_init: true) do
    def server?
      !load.nil?
    end
  end

  @lines = []

  class << self
    # @return [Array<Line>] all lines, in the order of their files' names
    attr_reader :lines

    # Defines a line whose program does the operations by itself.
    #
    # @param id [Symbol] its name on the command line
    # @param title [String] its name in the table
    # @param operations [Integer] how many a round takes
    # @param source [String] the program, to which OPERATIONS is known
    def program(id, title, operations:, source:)
      @lines << Line.new(id: id, title: title, source: source, operations: operations)
    end

    # Defines a line whose program is a server.
    #
    # @param load [Array<String>] what the load generator is told besides address and number of operations
    def server(id, title, operations:, load:, source:)
      @lines << Line.new(id: id, title: title, source: source, operations: operations, load: load)
    end
  end
end
