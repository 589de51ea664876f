# frozen_string_literal: true

module Upstream
  # Compares results with the ledger, counts them and prints the table.
  class Report
    PASSED = "passed"
    # What a test fails by when upstream's own watchdog ends it, after 0.25 to 3 s.
    WATCHDOG = "EMTestTimeout"

    # @param subject [Symbol] :ours or :upstream
    # @param sandboxed [Boolean] whether the tests had a network of their own
    # @param slow [Boolean] whether the machine keeps no short time limits
    def initialize(ledger, subject, sandboxed:, slow:, output: $stdout)
      @ledger = ledger
      @subject = subject
      @sandboxed = sandboxed
      @slow = slow
      @output = output
      @counts = Hash.new(0)
      @surprises = []
    end

    attr_reader :counts, :surprises

    # @return [Hash{String => Symbol}] the verdict on each test of the file: :pass, :omitted, :differs,
    #   :not_yet, :varies or :surprise
    def judge(file, results)
      entries = @ledger.entries(file)
      (entries.keys | results.keys).to_h do |test|
        [test, verdict(file, test, entries[test], results[test])]
      end
    end

    # Prints the file's line of the table, and counts its tests.
    def add(file, results)
      verdicts = judge(file, results)
      verdicts.each_value { |verdict| @counts[verdict] += 1 }
      @output.puts row(file, verdicts)
      surprises = verdicts.select { |_, verdict| verdict == :surprise }.keys
      return if surprises.empty?

      lines = surprises.map { |test| describe(file, test, results[test]) }
      @surprises.concat(lines)
      @output.puts(results.empty? ? "    none of its tests ran" : lines.map { |line| "    #{line}" })
    end

    def heading
      @output.puts format("%<file>-34s %<pass>5s %<omitted>8s %<not_yet>8s %<surprise>9s",
                          file: "file", pass: "pass", omitted: "omitted",
                          not_yet: "not yet", surprise: "surprise")
    end

    def summary(name)
      varies = @counts[:varies].positive? ? ", #{@counts[:varies]} that vary there" : ""
      varies += ", #{@counts[:differs]} that differ on purpose" if @counts[:differs].positive?
      @output.puts "#{name}: #{@counts[:pass]} pass, #{@counts[:omitted]} omitted, " \
                   "#{@counts[:not_yet]} #{@subject == :ours ? 'not yet' : 'known to fail'}#{varies}, " \
                   "#{@surprises.size} surprises, of #{@counts.values.sum} tests"
    end

    private

    def row(file, verdicts)
      tally = verdicts.values.tally
      format("%<file>-34s %<pass>5d %<omitted>8d %<not_yet>8d %<surprise>9d",
             file: file, pass: tally.fetch(:pass, 0), omitted: tally.fetch(:omitted, 0),
             not_yet: tally.fetch(:not_yet, 0), surprise: tally.fetch(:surprise, 0))
    end

    def verdict(file, test, entry, result)
      passed = result&.status == PASSED
      return :omitted if (entry.nil? || !passed) && excused?(file, test)
      return :surprise unless entry

      case @ledger.expectation(@subject, entry)
      when :pass then passed ? :pass : failure(test, result)
      when :omit then result.nil? || result.status == "omitted" ? :omitted : :surprise
      when :any then passed ? :pass : :varies
      else passed ? :surprise : shortfall(entry)
      end
    end

    def failure(test, result)
      return :varies if @ledger.worded?(test) && RUBY_PLATFORM.include?("musl")
      return :surprise unless @slow && result

      @ledger.hurried?(test) || result.detail.to_s.include?(WATCHDOG) ? :varies : :surprise
    end

    def shortfall(entry)
      @subject == :ours && entry.ours == "differs" ? :differs : :not_yet
    end

    # Whether the network that the test needs is not available.
    def excused?(file, test)
      return false unless @ledger.network?(file, test)

      !@sandboxed || (test.include?("IPv6") && !File.exist?("/proc/net/if_inet6"))
    end

    def describe(file, test, result)
      entry = @ledger.entries(file)[test]
      expected = entry ? "the ledger says \"#{entry.text}\"" : "the ledger does not know it"
      detail = result&.detail.to_s.lines.first.to_s.strip
      "#{file} #{test}: #{result&.status || 'did not run'}, #{expected}#{" (#{detail})" unless detail.empty?}"
    end
  end
end
