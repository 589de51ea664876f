# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))

require "eventmachine"

# What is still being looked up when an example has ended holds sockets: no longer than a second, where no name server
# answers.
ENV["RES_OPTIONS"] ||= "timeout:1 attempts:1"

Dir[File.join(__dir__, "support", "*.rb")].each { |file| require file }

RSpec.configure do |config|
  config.order = :random
  Kernel.srand config.seed

  config.disable_monkey_patching!
  config.raise_errors_for_deprecations!
  config.expect_with(:rspec) { |expectations| expectations.syntax = :expect }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }

  config.include ReactorHelper
  config.include DescriptorHelper
  config.include ProcessHelper

  # Each example is ended after `time_limit:` seconds (10 unless told).
  config.around do |example|
    Watchdog.guard(example.metadata.fetch(:time_limit, Watchdog::LIMIT)) { example.run }
  end

  config.after do
    left_running = EventMachine.reactor_running?
    ReactorHelper.clean_up
    expect(left_running).to be(false), "the example left the reactor running"
  end
end
