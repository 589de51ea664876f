# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tempfile"
require "tmpdir"

require_relative "failed"
require_relative "strace"

module Bench
  # What a script does for an operation, told without a clock: it is run with so many operations and with
  # twice as many, and the difference divided by them.
  class Figures
    # In the order of the table.
    KINDS = %w[instructions calls allocations objects].freeze

    SCRIPTS = File.expand_path("../scripts", __dir__)

    # Builds the library that counts allocations, and yields its path.
    def self.with_counter
      Dir.mktmpdir do |directory|
        library = File.join(directory, "allocations.so")
        source = File.join(__dir__, "allocations.c")
        system("cc", "-O2", "-shared", "-fPIC", "-o", library, source, exception: true)
        yield library
      end
    end

    # @param library [String] the directory in which eventmachine.rb is
    # @param counter [String] the library that counts allocations
    # @param kinds [Array<String>] which are wanted
    def initialize(name, operations, library:, counter:, kinds: KINDS)
      @name = name
      @kinds = kinds
      @operations = operations
      @library = library
      @counter = counter
    end

    # @return [Hash{String => Float}] a figure of each of {KINDS}
    def measure
      once, twice = [1, 2].map { |factor| counts(factor * @operations) }
      @kinds.to_h { |kind| [kind, (twice[kind] - once[kind]).fdiv(@operations)] }
    end

    private

    def counts(operations)
      command = [RbConfig.ruby, "--disable-gems", "-I", @library, "-r", File.join(SCRIPTS, "prelude.rb"),
                 File.join(SCRIPTS, "#{@name}.rb"), operations.to_s]
      found = { "calls" => Strace.run(*command) }
      found.update(instructions(command)) if @kinds.include?("instructions")
      found.update(allocations(command)) if (@kinds & %w[allocations objects]).any?
      found
    end

    def instructions(command)
      output = succeed("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command)
      { "instructions" => Integer(output[/^==\d+== Collected : (\d+)/, 1]) }
    end

    def allocations(command)
      Tempfile.create("count") do |file|
        output = succeed({ "LD_PRELOAD" => @counter, "COUNT" => file.path }, *command)
        { "allocations" => Integer(file.read), "objects" => Integer(output[/^objects (\d+)/, 1]) }
      end
    end

    def succeed(*command)
      output, status = Open3.capture2e(*command)
      raise Failed, "#{@name} failed: #{output}" unless status.success?

      output
    end
  end
end
