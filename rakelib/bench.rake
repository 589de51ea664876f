# frozen_string_literal: true

desc "Compare with Debian's ruby-eventmachine and others (LINES=echo_64,timers_fire to pick, RECORD=file)"
task :bench do
  record = ENV.key?("RECORD") ? ["--record", ENV.fetch("RECORD")] : []
  ruby "bench/run.rb", *record, *ENV.fetch("LINES", "").split(",")
end

namespace :bench do
  desc "Check what operations cost, counted and not timed, against bench/guard.json"
  task :guard do
    ruby "bench/guard"
  end

  desc "Compare streams, limits, metrics and an installed scheduler with plain callbacks"
  task :variants do
    ruby "bench/variants.rb"
  end

  desc "Measure what names cost: connects to localhost, and 1,000 names at once"
  task :names do
    ruby "bench/names.rb"
  end

  desc "Render RECORD (bench/results.json) into docs/performance.md and docs/performance.svg"
  task :report do
    ruby "bench/report.rb", ENV.fetch("RECORD", "bench/results.json")
  end
end
