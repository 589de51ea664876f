# frozen_string_literal: true

require "rspec/core/rake_task"

desc "Run the specs, without those of external applications"
RSpec::Core::RakeTask.new(:spec) do |task|
  task.exclude_pattern = "spec/{external,faults,upstream}/**/*_spec.rb"
end

namespace :spec do
  desc "Run the specs of applications from elsewhere (Thin, em-websocket, faye-websocket, Sinatra)"
  RSpec::Core::RakeTask.new(:external) do |task|
    task.pattern = "spec/external/**/*_spec.rb"
  end
end
