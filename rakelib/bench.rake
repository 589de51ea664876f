# frozen_string_literal: true

desc "Compare CPU time and system calls with Debian's ruby-eventmachine (LINES=echo_64,timers to pick)"
task :bench do
  ruby "bench/run.rb", *ENV.fetch("LINES", "").split(",")
end
