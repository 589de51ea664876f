# frozen_string_literal: true

require "rbs/test"
require "rspec/core"

# Loaded after rbs/test/setup: notes each call whose types disagree with sig/, and has the run of the specs
# fail in the end where there are any. A call that raised is not looked at, since specs are wrong on purpose
# there.
module Agreement
  # The reactor asks how many parameters these have, and the wrapper would answer for them.
  LEFT_ALONE = %i[unbind].freeze

  # Examples that cannot pass, since the wrappers stand in the place of blocks, and take a part of the stack.
  EXCLUDED = [
    "take back", "do so for failure", "returns the handler set", "has @acceptors know each server",
    "any number of pops within each other", "does not grow with its length", "holds the block",
    "the block's word"
  ].freeze

  # Examples that give what the library takes, but what nobody should give it.
  LENIENT = ["takes an interval that is negative, or a text", "keeps the heartbeat interval"].freeze

  DISAGREEMENTS = Hash.new(0)

  # Counts the calls that were checked.
  CHECKED = Hash.new(0)

  # Stands before RBS::Test::Tester::MethodCallTester.
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

  # Stands before RBS::Test::Tester.
  module Choosing
    def skip_method?(type_name, method)
      LEFT_ALONE.include?(method.defs.first&.member&.name) ? :skip : super
    end
  end

  def self.report(reporter)
    reporter.message("#{CHECKED.values.sum} calls of #{CHECKED.size} methods were checked")
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
