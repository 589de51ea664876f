# frozen_string_literal: true

desc "Run upstream's own tests and compare them with spec/upstream/ledger.yml"
task :upstream do
  ruby "spec/upstream/runner.rb"
end

namespace :upstream do
  desc "Run upstream's own tests, and external applications, with a scheduler of fibers in each loop"
  task :fibers do
    ruby "spec/upstream/runner.rb", "--fibers"
    preload = File.expand_path("../spec/upstream/with_scheduler.rb", __dir__)
    sh({ "EM_PRELOAD" => preload }, "rspec", *FileList["spec/external/**/*_spec.rb"])
  end
end
