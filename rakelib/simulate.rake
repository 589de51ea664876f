# frozen_string_literal: true

desc "Run the core on a simulated kernel (SEEDS=1-10000; SEED=7 repeats one run and tells what happens; STEPS=)"
task :simulate do
  sh "cargo", "test", "--package", "em-reactor", "--locked", "--test", "simulation",
     "nothing_is_lost", "--", "--nocapture"
end

namespace :simulate do
  desc "Plant faults in the core, one at a time, and see that the simulation finds each (ONLY=, a pattern of names)"
  task :planted do
    ruby "spec/simulation/planted.rb", ENV.fetch("ONLY", "")
  end
end
