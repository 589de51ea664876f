# frozen_string_literal: true

require "rspec/core/rake_task"

desc "Run specs while system calls fail (FULL=1 for all of them, FAULTS_SEED=)"
RSpec::Core::RakeTask.new(:faults) do |task|
  task.pattern = "spec/faults/**/*_spec.rb"
end
