# frozen_string_literal: true

desc "Compare CPU time and system calls with Debian's ruby-eventmachine (LINES=echo_64,timers to pick)"
task :bench do
  lines = ENV.fetch("LINES", "").split(",")
  ruby "bench/run.rb", *lines
  ruby "bench/tls_memory.rb" if lines.empty?
end
