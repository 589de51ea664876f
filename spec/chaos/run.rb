# frozen_string_literal: true

# Runs the house of house.rb, and says whether all went well.
#
#   ruby run.rb chaos      SESSIONS=10000 SEED=
#   ruby run.rb soak       HOURS=1: round after round, of which descriptors, objects and memory are compared;
#                          PICTURE=tmp/soak.svg is how these went

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "fileutils"
require_relative "house"
require_relative "picture"

SEED = Integer(ENV.fetch("SEED", Random.new_seed % 1_000_000))

def descriptors
  GC.start
  Dir.children("/proc/self/fd").size
end

def one_round(sessions, seed)
  report = House.new.run(sessions, seed)
  peers = report.peers
  puts format("%6d connections, %3d forks, %4d signals; lag p99 %6.1f ms, most %7.1f ms; %7d KiB, %3d descriptors; " \
              "good peers: median %s ms, p99 %s ms",
              report.connections, report.forks, report.signals, report.lag_p99, report.lag_max, report.memory,
              descriptors, peers["median_ms"], peers["p99_ms"])
  report.faults.each { |fault| puts "  FAULT #{fault}" }
  report
end

def chaos
  EventMachine.run { EventMachine.stop }
  before = descriptors
  report = one_round(Integer(ENV.fetch("SESSIONS", "10000")), SEED)
  puts report.peers["sessions"].sort.map { |kind, count| "#{kind}: #{count}" }.join(", ")
  lost = descriptors - before
  abort "FAULT #{lost} descriptors were lost" if lost.positive?
  abort if report.faults.any?
end

# Memory may settle in the first rounds.
WARM_UP = 5
# How much more there may be in the end, of each. What is resident has gaps between what is allocated.
GROWTH = { descriptors: 1, objects: 1.02, allocated: 1.02, resident: 1.1 }.freeze

# What there is after a round, in numbers and in KiB.
def kept
  resident = Memory.kept
  { descriptors: descriptors, objects: GC.stat(:heap_live_slots), allocated: Memory.allocated, resident: resident }
end

def draw(rounds)
  path = ENV.fetch("PICTURE", "tmp/soak.svg")
  FileUtils.mkdir_p(File.dirname(path))
  File.write(path, Picture.draw(rounds))
  puts "        #{path} shows how these went"
end

def soak
  stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + (Float(ENV.fetch("HOURS", "1")) * 3600)
  rounds = []
  faults = 0
  while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
    report = one_round(Integer(ENV.fetch("SESSIONS", "2000")), SEED + rounds.size)
    faults += report.faults.size
    rounds << { **kept, lag_ms: report.lag_p99 }
    puts "        #{rounds.last.map { |what, count| "#{what}: #{count}" }.join(", ")}"
  end
  draw(rounds)
  settled = rounds.drop(WARM_UP)
  grown = GROWTH.select { |what, growth| settled.any? && settled.last[what] > settled.first[what] * growth }
  abort "FAULT these grew: #{grown.keys.join(", ")}" if grown.any?
  abort "#{faults} faults" if faults.positive?
end

$stdout.sync = true
puts "SEED=#{SEED}"
case ARGV.first
when "soak" then soak
else chaos
end
