# frozen_string_literal: true

# Checks the types in sig/.
module Types
  ENVIRONMENT = {
    "RBS_TEST_TARGET" => "EventMachine*",
    "RBS_TEST_OPT" => "-r socket -I sig",
    "RBS_TEST_LOGLEVEL" => "error",
    "RBS_TEST_DOUBLE_SUITE" => "rspec",
    "SPEC_PATIENCE" => "4"
  }.freeze

  # Specs of bad input, and unit specs with stubs, pass wrong types on purpose. Specs of hostile TLS peers make
  # thousands of handshakes, and those of many datagrams send 100,000, which would be too slow with checks. Those
  # of the GVL measure times.
  UNITS = %w[
    buftok channel completion deferrable future pool queue spawnable threaded_resource tick_loop
  ].freeze

  def self.specs
    return ENV["SPECS"].split(",") if ENV["SPECS"]

    left_out = "**/{bad_input,datagram_share,gvl,sending_threads,native,tls/hostile}_spec.rb"
    FileList["spec/integration/**/*_spec.rb"].exclude(left_out).to_a +
      UNITS.map { |name| "spec/unit/em/#{name}_spec.rb" }
  end
end

desc "Check that the types in sig/ are well formed"
task :sig do
  ruby "-rrbs", "-rrbs/cli", "-e", "RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(ARGV)", "--",
       "-r", "socket", "-I", "sig", "validate", "--silent"
end

namespace :sig do
  desc "Run specs with each call checked against the types in sig/ (SPECS=path,path to pick)"
  task test: :sig do
    sh Types::ENVIRONMENT, RbConfig.ruby, "-Ilib", "-rrbs/test/setup", "-r./spec/typed/agreement",
       "-S", "rspec", *Types.specs
  end
end
