# frozen_string_literal: true

require "em/deferrable"

module EventMachine
  # The outcome of several things, which keep nothing of it once it is given up.
  class Joint
    include Deferrable

    def initialize
      @parts = []
      @waits = []
      @over = false
    end

    # @param one [Object] as {EventMachine.await}
    # @param place [Integer] which one of them it is
    # @return [void]
    def add(one, place)
      # A thread has no callbacks: a fiber waits for it.
      @waits << one = EventMachine.fiber { one.value } if one.is_a?(Thread)
      succeeded = proc { |*arguments| part_succeeded(place, arguments) }
      failed = proc { |*arguments| part_failed(arguments) }
      @parts << [one, succeeded, failed]
      one.callback(&succeeded)
      one.errback(&failed)
    end

    # @return [void]
    def give_up
      @parts.each do |one, succeeded, failed|
        one.cancel_callback(succeeded) if one.respond_to?(:cancel_callback)
        one.cancel_errback(failed) if one.respond_to?(:cancel_errback)
      end
      @waits.each(&:cancel)
    end

    private

    def part_failed(arguments)
      conclude(:failed, arguments)
    end

    # The first outcome counts.
    def conclude(status, arguments)
      return if @over

      @over = true
      set_deferred_status(status, *arguments)
    end
  end

  # Succeeds with what all of some succeed with, and fails as the first does that fails.
  class Gathering < Joint
    # @param size [Integer] how many there are
    def initialize(size)
      super()
      @values = Array.new(size)
      @left = size
      conclude(:succeeded, [@values]) if size.zero?
    end

    private

    def part_succeeded(place, arguments)
      @values[place] = arguments.size > 1 ? arguments : arguments.first
      @left -= 1
      conclude(:succeeded, [@values]) if @left.zero?
    end
  end

  # Succeeds or fails as the first of some does.
  class Race < Joint
    private

    def part_succeeded(_place, arguments)
      conclude(:succeeded, arguments)
    end
  end
  private_constant :Joint, :Gathering, :Race
end
