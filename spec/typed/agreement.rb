# frozen_string_literal: true

require "rbs/test"
require "rspec/core"

# Loaded after rbs/test/setup: records each call whose types disagree with sig/, and makes the run fail at the end
# if there are any. Calls that raise are ignored, because specs pass wrong arguments on purpose.
module Agreement
  # The reactor checks their arity, and would get that of the wrapper.
  LEFT_ALONE = %i[unbind].freeze

  # Examples that cannot pass, because the wrappers replace blocks, and need time and stack.
  EXCLUDED = [
    "take back", "do so for failure", "returns the handler set", "has @acceptors know each server",
    "any number of pops within each other", "does not grow with its length", "holds the block",
    "the block's word", "some megabytes"
  ].freeze

  # Examples with arguments that the library accepts, but that nobody should pass.
  LENIENT = ["takes an interval that is negative, or a text", "keeps the heartbeat interval"].freeze

  DISAGREEMENTS = Hash.new(0)

  # Counts the calls that were checked.
  CHECKED = Hash.new(0)

  # Prepended to RBS::Test::Tester::MethodCallTester.
  module Noting
    def call(receiver, trace)
      return unless trace.method_call.return?

      CHECKED["#{self_class}#{format_method_name(trace.method_name)}"] += 1
      super
    rescue RBS::Test::Tester::TypeError => e
      given = trace.method_call.arguments.map(&:class).join(", ")
      DISAGREEMENTS["#{e.message[0, 500]} (given #{given})"] += 1
    end
  end

  # Prepended to RBS::Test::Tester.
  module Choosing
    def skip_method?(type_name, method)
      LEFT_ALONE.include?(method.defs.first&.member&.name) ? :skip : super
    end
  end

  def self.report(reporter)
    reporter.message("\n#{CHECKED.values.sum} calls of #{CHECKED.size} methods were checked")
    raise "no call was checked" if CHECKED.empty?
    raise DISAGREEMENTS.map { |text, times| "#{text}, #{times} times" }.join("\n") if DISAGREEMENTS.any?
  end

  RBS::Test::Tester::MethodCallTester.prepend(Noting)
  RBS::Test::Tester.prepend(Choosing)

  RSpec.configure do |config|
    config.define_derived_metadata do |metadata|
      description = metadata[:full_description]
      metadata[:excluded] = true if [*EXCLUDED, *LENIENT].any? { |text| description.include?(text) }
    end
    config.filter_run_excluding(excluded: true)
    config.after(:suite) { Agreement.report(config.reporter) }
  end
end
