# frozen_string_literal: true

require_relative "../../bench/harness/recording"

# A recording of two lines, as bench/run.rb makes them.
module SampleRecording
  LATENCY = { "p50" => 50.0, "p90" => 90.0, "p99" => 1_990.4, "p999" => 2_000.0, "max" => 3_000.0,
              "unanswered" => 0 }.freeze
  LATENCIES = [LATENCY.merge("p50" => 40.0), LATENCY, LATENCY.merge("p50" => 400.0)].freeze

  module_function

  def sample(user, system)
    { "user" => user, "system" => system, "operations" => 1_000, "seconds" => 0.5, "peak" => 20_480 }
  end

  def measured(calls, *costs, **more)
    { "samples" => costs.map { |cost| sample(*cost) }, "calls" => calls }.merge(more.transform_keys(&:to_s))
  end

  def echo
    slow = LATENCY.merge("unanswered" => 3)
    subjects = { "ours" => measured(2.1, [0.001, 0.002], [0.001, 0.004], [0.002, 0.002], latencies: LATENCIES),
                 "peer" => measured(5.0, [0.005, 0.005], [0.004, 0.004], [0.002, 0.002], latencies: LATENCIES),
                 "c" => measured(2.0, [0.0, 0.002], latencies: [slow]) }
    { "id" => "echo", "title" => "echo & reply", "memory" => false, "rate" => 12_345, "took" => 61.0,
      "subjects" => subjects }
  end

  def idle
    sizes = { "ours" => 500.0, "peer" => 2_000.0 }
    subjects = sizes.transform_values { |size| { "samples" => [{ "footprint" => size }] } }
    { "id" => "idle", "title" => "idle connection", "memory" => true, "subjects" => subjects }
  end

  def subjects
    [%w[ours gem 1.4], %w[peer Debian 1.3], %w[c C 12]].map { |values| %w[id name version].zip(values).to_h }
  end

  def recording
    Bench::Recording.new("machine" => "A processor", "date" => "2026-01-02T03:04:05Z", "rounds" => 3,
                         "subjects" => subjects, "lines" => [echo, idle])
  end
end
