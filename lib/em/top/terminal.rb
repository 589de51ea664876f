# frozen_string_literal: true

require "io/console"

module EventMachine
  module Top
    # The screen, which is as it was before when the block has ended.
    class Terminal
      # To another screen, without a cursor: xterm's control sequences.
      ENTER = "\e[?1049h\e[?25l"
      # The way back.
      LEAVE = "\e[?25h\e[?1049l"

      # @param input [IO]
      # @param output [IO]
      def initialize(input, output)
        @input = input
        @output = output
      end

      # @return [Boolean]
      def usable?
        @input.tty? && @output.tty?
      end

      # Keys come one by one meanwhile, and are not shown.
      #
      # @yield while the screen is taken
      # @return [void]
      def open(&block)
        @output.write(ENTER)
        @input.raw(intr: true, &block)
      ensure
        @output.write(LEAVE)
        @output.flush
      end

      # @param lines [Array<String>]
      def show(lines)
        rows, columns = size
        shown = lines.first(rows).map { |line| "#{printable(line)[0, columns]}\e[K" }
        @output.write("\e[H", shown.join("\r\n"), "\e[J")
        @output.flush
      end

      # Waits for a key.
      #
      # @return [String, nil] nil if none was pressed in that time; "q" at the end of the input
      def key(seconds)
        return unless @input.wait_readable(seconds)

        @input.read_nonblock(1, exception: false) || "q"
      end

      private

      # Some terminals do not know theirs.
      def size
        rows, columns = @output.winsize
        [rows.zero? ? 24 : rows, columns.zero? ? 80 : columns]
      end

      # Names come from another process, and are not to command the terminal.
      def printable(line)
        line.scrub.gsub(/[[:cntrl:]]/, "?")
      end
    end
  end
end
