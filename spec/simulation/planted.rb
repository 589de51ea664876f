# frozen_string_literal: true

require "fileutils"
require "open3"
require "yaml"

# Faults that are planted in the core one at a time, to see that the simulation finds them.
module Planted
  # The checkout.
  ROOT = File.expand_path("../..", __dir__)
  # What the simulation is built from.
  PARTS = %w[Cargo.toml Cargo.lock .cargo ext].freeze
  # Where it is built: not where the core is without faults, since both would have the same names there.
  COPY = File.join(ROOT, "target", "planted")
  # What has to fail.
  TEST = "nothing_is_lost_whatever_the_system_does"
  # Longer than any run takes that comes to its end.
  LIMIT = 600

  # A fault: what it is, and the text of a file that another takes the place of.
  Fault = Struct.new(:name, :file, :before, :after, keyword_init: true) do
    # @param source [String] the file as it is
    # @return [Integer] how often the text is in it
    def count(source)
      source.scan(pattern).size
    end

    # @param source [String]
    # @return [String] the file with the fault
    def plant(source)
      source.sub(pattern) { after.chomp }
    end

    # @return [String] the name as a sentence begins
    def title
      name[0].upcase + name[1..]
    end

    # @return [Regexp] the text, however its lines are indented
    def pattern
      Regexp.new(before.strip.lines.map { |line| Regexp.escape(line.strip) }.join("\\s*"))
    end

    # @param root [String] a checkout
    # @return [String] the path of the file there
    def path(root)
      File.join(root, "ext/reactor/src", file)
    end
  end

  # @return [Array<Fault>]
  def self.faults
    YAML.load_file(File.join(__dir__, "planted.yml")).map { |fields| Fault.new(**fields.transform_keys(&:to_sym)) }
  end

  # Plants one fault after the other in a copy of the core, and runs the simulation there.
  class Campaign
    # @param faults [Array<Fault>]
    def initialize(faults)
      @faults = faults
      @missed = 0
    end

    # Prints a table, and how many faults were not found.
    # @return [Boolean] whether all were
    def run
      copy
      puts "| Planted fault | Seed | Steps |", "|---|---:|---:|"
      @faults.each { |fault| report(fault) }
      puts "", "#{@faults.size} faults, #{@missed} not found"
      @missed.zero?
    end

    private

    def copy
      FileUtils.mkdir_p(COPY)
      FileUtils.rm_rf(PARTS.map { |part| File.join(COPY, part) })
      PARTS.each { |part| FileUtils.cp_r(File.join(ROOT, part), COPY) }
    end

    def report(fault)
      path = fault.path(COPY)
      sound = File.read(path, encoding: "UTF-8")
      File.write(path, fault.plant(sound))
      puts "| #{fault.title} | #{outcome} |"
      $stdout.flush
    ensure
      File.write(path, sound)
    end

    # The seed and the number of steps, or what else came of it.
    def outcome
      output, status = Open3.capture2e({ "CARGO_TARGET_DIR" => File.join(COPY, "target") },
                                       "timeout", LIMIT.to_s, "cargo", "test", "--package", "em-reactor", "--locked",
                                       "--test", "simulation", TEST, "--", "--exact", "--nocapture", chdir: COPY)
      raise output unless output.include?("running 1 test")

      found = output[/^SEED=(\d+) fails after \d+ steps, (\d+) in all/]
      return "#{Regexp.last_match(1)} | #{Regexp.last_match(2).gsub(/(?<=\d)(?=(\d{3})+$)/, ",")}" if found

      @missed += 1 if status.success?
      status.success? ? "not found | –" : "does not end | –"
    end
  end
end

if $PROGRAM_NAME == __FILE__
  wanted = Regexp.new(ARGV.fetch(0, ""))
  exit Planted::Campaign.new(Planted.faults.select { |fault| wanted.match?(fault.name) }).run
end
