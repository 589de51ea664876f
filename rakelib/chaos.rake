# frozen_string_literal: true

desc "Serve 10,000 connections of peers that reset, stall, flood and send garbage (SESSIONS=, SEED=)"
task :chaos do
  ruby "spec/chaos/run.rb", "chaos"
end

desc "Go on like chaos for HOURS=1, and see whether memory and descriptors stay level"
task :soak do
  ruby "spec/chaos/run.rb", "soak"
end

desc "Call every function from 8 threads at random, with forks and GC.stress (SECONDS=60, SEED=, STRESS=1)"
task :callers do
  # These would look for names in each of very many errors.
  ruby "--disable=error_highlight,did_you_mean", "spec/chaos/callers.rb"
end

desc "How long others wait for answers while peers flood, are slow, or send lines and headers without end"
task :neighbours do
  ruby "spec/chaos/neighbours.rb"
end

desc "Ask a TLS server what no orderly client asks, by tlslite-ng of PyPI (PYTHON=)"
task :tls_probes do
  ruby "spec/chaos/tls_probes.rb"
end

desc "10,000 signals, 2,000 children and 100,000 files at full speed (SIGNALS=, CHILDREN=, FILES=)"
task :watches do
  ruby "spec/chaos/watches.rb"
end

desc "Set the system's clock forward and back, each for a moment, as root (JUMP=2 seconds)"
task :clock do
  ruby "spec/chaos/clock.rb"
end

desc "Connects by name: 10,000 at a time, the time to the second address, the loop's lag behind a silent name server"
task :connects do
  ruby "spec/chaos/connects.rb"
end

desc "Connects and streams over a link that is slow and loses packets, between two network namespaces"
task :far_hosts do
  ruby "spec/chaos/far_hosts.rb"
end

desc "See whether 100,000 connections of each kind leave anything behind (CONNECTIONS=, KINDS=tcp,…)"
task :leaks do
  ruby "spec/chaos/leaks.rb", *ENV.fetch("KINDS", "").split(",")
end

desc "See what slow readers cost: SIZE=1024 MiB to one, CONNECTIONS=10000 of which half stop reading, SECONDS=10"
task :slow_readers do
  ruby "spec/chaos/slow_readers.rb"
end
