# frozen_string_literal: true

desc "Run upstream's own tests and compare them with spec/upstream/ledger.yml"
task :upstream do
  ruby "spec/upstream/runner.rb"
end
