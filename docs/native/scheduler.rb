# frozen_string_literal: true

# Documentation of the native methods of EventMachine::Scheduler. Never loaded.
module EventMachine
  # See lib/em/scheduler.rb. These are the hooks that Ruby calls; Fiber::Scheduler in Ruby's documentation says
  # when. They are called in the thread whose scheduler it is, save {#unblock} and {#fiber_interrupt}.
  class Scheduler
    # Makes a fiber of the block, and runs it until its first wait: Fiber.schedule calls this.
    # @return [Fiber]
    # @raise [Exception] with a loop of its own: what the block raises before its first wait
    # @raise [ThreadError] in another thread than the one that used the scheduler first
    # @raise [RuntimeError] when the scheduler is closed
    def fiber; end

    # @param io [IO]
    # @param events [Integer] IO::READABLE, IO::PRIORITY and IO::WRITABLE
    # @param timeout [Numeric, nil] seconds; nil for the IO's own timeout, where it has one
    # @return [Integer, false] the events that are there; false when time is over
    # @raise [IOError] when the IO is closed, or is being closed meanwhile
    # @raise [ArgumentError] when the time is negative, or there is no event to wait for
    # @raise [IO::TimeoutError] when the IO's own timeout is over
    def io_wait(io, events, timeout); end

    # Reads at least `length` bytes, or what is there where that is 0. From Ruby 4.1 on the offset comes
    # before the length, and there is one read at most.
    # @param io [IO]
    # @param buffer [IO::Buffer]
    # @param length [Integer]
    # @param offset [Integer]
    # @return [Integer] how many bytes; a negative number of an error
    def io_read(io, buffer, length, offset = 0); end

    # As {#io_read}, in the other direction.
    # @return [Integer]
    def io_write(io, buffer, length, offset = 0); end

    # @param duration [Numeric, nil] seconds; nil for ever
    # @return [true]
    # @raise [ArgumentError] when it is negative
    def kernel_sleep(duration = nil); end

    # Waits until {#unblock} is called for the fiber.
    # @param blocker [Object] what it waits for
    # @param timeout [Numeric, nil] seconds
    # @return [Boolean] false when time is over
    def block(blocker, timeout = nil); end

    # Ends the wait of a fiber in {#block}. May be called in any thread, and in signal handlers.
    # @param blocker [Object]
    # @param fiber [Fiber]
    # @return [nil]
    def unblock(blocker, fiber); end

    # Raises in a fiber that waits for an IO. May be called in any thread.
    # @param fiber [Fiber]
    # @param exception [Exception]
    # @return [nil]
    def fiber_interrupt(fiber, exception); end

    # Lets the loop and other fibers have their turn.
    # @return [nil]
    def yield; end

    # Runs until no fiber waits; at once over where the scheduler is attached to the reactor.
    # @return [nil]
    # @raise [Exception] the first that ended a fiber
    def run; end

    # @return [Boolean] whether it runs on the loop of {EventMachine.run}
    def attached?; end

    # @return [Boolean]
    def closed?; end
  end
end
