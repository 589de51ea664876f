# frozen_string_literal: true

module Bench
  # What is compared: a program that is run on each subject, and how many operations it is given.
  #
  # A server's program prints the address that it listens on, and a load is driven against it from another
  # core. Any other program does OPERATIONS operations by itself and prints what they cost; one of memory
  # prints how many bytes each of OPERATIONS connections takes.
  #
  # @!attribute rivals [Array<Symbol>] which servers that are not EventMachine's run it too
  # @!attribute kind [String, nil] what those are told to be
  # @!attribute gems [Boolean] whether the program loads gems
  # @!attribute heap [Integer, nil] how many slots Ruby's heap begins with, where chance is not to tell
  Line = Struct.new(:id, :title, :source, :operations, :load, :rivals, :kind, :gems, :heap, :memory,
                    keyword_init: true) do
    def server?
      !load.nil?
    end

    def memory?
      memory == true
    end

    # @return [Integer] how many connections are open at once
    def connections
      %w[--connections --idle].sum { |option| load_option(option) }
    end

    # @return [Line] the same with more or fewer operations
    def scaled(factor)
      memory? ? self : dup.tap { |line| line.operations = [(operations * factor).ceil, 10].max }
    end

    private

    def load_option(name)
      index = load&.index(name)
      index ? Integer(load[index + 1]) : 0
    end
  end

  # All that a rival can be.
  EVERYONE = %i[c threads nio4r node uvloop].freeze

  @lines = []

  class << self
    # @return [Array<Line>] all lines, in the order of their definition
    attr_reader :lines

    # Defines a line whose program does the operations by itself.
    #
    # @param id [Symbol] its name on the command line
    # @param title [String] its name in the table
    # @param operations [Integer] how many a round takes
    # @param source [String] the program, to which OPERATIONS is known
    # @param options [Hash] further attributes of {Line}
    def program(id, title, operations:, source:, **options)
      @lines << Line.new(id: id, title: title, source: source, operations: operations,
                         **{ rivals: [] }, **options)
    end

    # Defines a line whose program is a server.
    #
    # @param load [Array<String>] what the load generator is told besides address and number of operations
    def server(id, title, operations:, load:, source:, **options)
      program(id, title, operations: operations, source: source, load: load, **options)
    end

    # Defines a line whose program tells the size of connections.
    #
    # @param connections [Integer] how many it makes
    def memory(id, title, connections:, source:)
      program(id, title, operations: connections, source: source, memory: true)
    end
  end
end
