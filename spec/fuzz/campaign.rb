# frozen_string_literal: true

# Fuzzes the parsers for as long as is asked for (rake fuzz). An input that makes a parser run lines, or do things in
# an order, that no other one did joins the corpus that is mutated, and so leads further in.
#
#   ruby spec/fuzz/campaign.rb [TARGET…]      all targets if none is named
#
#   SECONDS     for each target, 10 unless told
#   FUZZ_SEED   of the mutations, random unless told
#   KEEP        if it is set, inputs that ran new lines are added to the corpus in the repository

require "coverage"
Coverage.start(oneshot_lines: true)

require "digest"
require "securerandom"
$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require_relative "../support/protocol_recorder"
%w[check mutator target].each { |name| require_relative name }

module ProtocolFuzz
  # Fuzzes one parser.
  class Campaign
    # Different orders of events that are followed up; there is no end of them.
    MAX_SHAPES = 2000

    def initialize(target, seed)
      @target = target
      @random = Random.new(seed)
      @corpus = target.corpus
      @mutator = Mutator.new(@random, @corpus)
      @shapes = {}
      @inputs = @kept = 0
    end

    # @return [String, nil] the first input that shows a fault
    def run(seconds)
      stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
      @corpus.dup.each { |input| try(input) }
      try(@mutator.input) until @fault || Process.clock_gettime(Process::CLOCK_MONOTONIC) > stop
      @fault
    end

    def to_s
      format("%-20s %8d inputs, %4d in the corpus, %d added", @target.name, @inputs, @corpus.size, @kept)
    end

    private

    def try(input)
      @inputs += 1
      events = ProtocolFuzz.check(@target, input, @random)
      lines = new_lines?
      keep(input) if lines && ENV["KEEP"] && !@target.corpus.include?(input)
      @corpus << input if new_shape?(events) || lines
    rescue Fault => e
      @fault = e
      path = save(input, "fault")
      warn "#{@target.name}: #{path}\n#{e.message.byteslice(0, 4000)}"
    end

    def new_lines?
      Coverage.result(stop: false, clear: true).any? do |path, lines|
        path.include?("/lib/em/") && lines[:oneshot_lines].any?
      end
    end

    def new_shape?(events)
      shape = events.map(&:first).chunk_while { |one, other| one == other }.map(&:first).first(12)
      return false if @shapes.size > MAX_SHAPES || @shapes[shape]

      @shapes[shape] = true
    end

    def keep(input)
      @kept += 1
      save(input, "found")
    end

    def save(input, kind)
      path = File.join(@target.directory, "#{kind}-#{Digest::SHA256.hexdigest(input)[0, 12]}")
      File.binwrite(path, input)
      path
    end
  end
end

$stdout.sync = true
# The nonces of protocols are the same in each run.
SecureRandom.define_singleton_method(:base64) { |*| "nonce" }

seed = Integer(ENV.fetch("FUZZ_SEED", Random.new_seed % 1_000_000))
seconds = Float(ENV.fetch("SECONDS", "10"))
names = ARGV.empty? ? ProtocolFuzz.targets.keys : ARGV
puts "FUZZ_SEED=#{seed}"
faults = names.filter_map do |name|
  campaign = ProtocolFuzz::Campaign.new(ProtocolFuzz.targets.fetch(name), seed)
  fault = campaign.run(seconds)
  puts campaign
  fault
end
abort "#{faults.size} of #{names.size} targets have faults" if faults.any?
