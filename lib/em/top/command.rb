# frozen_string_literal: true

require "optparse"
require "em/version"

module EventMachine
  module Top
    # The command `eventmachine-top`.
    class Command
      # @param arguments [Array<String>]
      def initialize(arguments, input: $stdin, output: $stdout, errors: $stderr)
        @arguments = arguments
        @output = output
        @errors = errors
        @terminal = Terminal.new(input, output)
        @interval = 1.0
      end

      # @return [Integer] the status that the process ends with
      def run
        path = parse or return 0
        @scrape = Scrape.new(path, [@interval, 2.0].max)
        return once(path) if @once
        return failed("needs a terminal; --once prints one reading") unless @terminal.usable?

        @terminal.open { watch(path) }
        0
      rescue Interrupt
        0
      rescue OptionParser::ParseError => error
        failed("#{error.message}; --help tells more", 2)
      rescue Blocked
        failed("#{path}: no answer: the loop of the process is blocked, or the process is stopped")
      rescue Unreachable => error
        failed(error.message)
      rescue Errno::EPIPE
        1
      end

      private

      # @return [String, nil] the path; nil if there is nothing to do
      def parse
        done = false
        parser = options
        parser.on_tail("-h", "--help", "print this") { done = @output.puts(parser.help) || true }
        parser.on_tail("--version", "print the version") { done = @output.puts(VERSION) || true }
        paths = parser.parse(@arguments)
        return if done
        raise OptionParser::MissingArgument, "the path of a socket" if paths.empty?
        raise OptionParser::NeedlessArgument, paths.drop(1).join(" ") if paths.size > 1

        paths.first
      end

      def options
        OptionParser.new do |parser|
          parser.banner = "Usage: eventmachine-top [options] PATH\n\n" \
                          "Shows what the loop of a process does that has called EventMachine.serve_metrics(PATH).\n" \
                          "The key q ends it.\n\n"
          parser.on("--once", "print one reading, of all since counting began, and end") { @once = true }
          parser.on("--interval SECONDS", Float, "between readings (1)") do |seconds|
            raise OptionParser::InvalidArgument, "must be positive" unless seconds.positive? && seconds.finite?

            @interval = seconds
          end
        end
      end

      def once(path)
        @output.puts(Page.new(path, Reading.new(@scrape.text)).lines)
        0
      end

      def watch(path)
        former = nil
        loop do
          reading = read
          @terminal.show(reading ? Page.new(path, reading, former).lines : ["no answer: the loop is blocked   #{path}"])
          former = reading || former
          return if @terminal.key(@interval) == "q"
        end
      end

      def read
        Reading.new(@scrape.text)
      rescue Blocked
        nil
      end

      def failed(message, status = 1)
        @errors.puts("eventmachine-top: #{message}")
        status
      end
    end
  end
end
