# frozen_string_literal: true

require "yaml"

module Upstream
  # What each of upstream's tests is expected to do, from ledger.yml. A test's entry is one of
  #
  #   pass
  #   pass, upstream fails: REASON      the test fails on Debian's gem, and passes on this one
  #   pass, upstream varies: REASON     Debian's gem does not always pass it
  #   omitted-upstream: REASON          the test omits itself here, on either gem
  #   differs: REASON                   holds Debian's gem to what this one does better, on purpose; it must fail
  #   not-yet: REASON                   passes on Debian's gem, and not yet on this one
  class Ledger
    ENTRY = /\A(?<ours>pass|omitted-upstream|differs|not-yet)
             (?:,[ ]upstream[ ](?<upstream>fails|varies))?
             (?::[ ](?<reason>.+))?\z/x

    Entry = Struct.new(:text, :ours, :upstream, :reason)

    def self.load(path)
      new(YAML.safe_load_file(path))
    end

    def initialize(document)
      @network = document.fetch("network")
      @hurried = document.fetch("hurried")
      @worded = document.fetch("worded")
      @tests = document.fetch("tests").transform_values do |entries|
        entries.transform_values { |text| parse(text) }
      end
    end

    # @return [Array<String>] the test files, as paths below the directory of the tests
    def files
      @tests.keys
    end

    # @return [Hash{String => Entry}] the tests of a file
    def entries(file)
      @tests.fetch(file, {})
    end

    # Whether a test needs names and addresses that only the sandbox is sure to have.
    def network?(file, test)
      @network.include?(file) || @network.include?(test)
    end

    # Whether a test wants something to be done in less time than a slow machine takes.
    def hurried?(test)
      @hurried.include?(test)
    end

    # Whether a test compares what an error says with what the usual C libraries say.
    def worded?(test)
      @worded.include?(test)
    end

    # @param subject [Symbol] :ours or :upstream
    # @return [Symbol] :pass, :fail, :omit or :any
    def expectation(subject, entry)
      return :omit if entry.ours == "omitted-upstream"
      return entry.ours == "pass" ? :pass : :fail if subject == :ours

      { "fails" => :fail, "varies" => :any }.fetch(entry.upstream, :pass)
    end

    private

    def parse(text)
      match = ENTRY.match(text) or raise ArgumentError, "no entry of a ledger: #{text.inspect}"
      needs_reason = match[:ours] != "pass" || match[:upstream]
      raise ArgumentError, "an entry without its reason: #{text.inspect}" if needs_reason && !match[:reason]

      Entry.new(text, match[:ours], match[:upstream], match[:reason])
    end
  end
end
