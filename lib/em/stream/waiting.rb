# frozen_string_literal: true

module EventMachine
  class Stream < Connection
    # How fibers wait for what happens to a stream.
    module Waiting
      # Seconds: what is longer is for ever, and may be beyond a Float.
      LONGEST = 1e9
      private_constant :LONGEST

      private

      # Waits for anything else that cannot be had from a connection that has ended.
      def wait_until(what)
        park { yield || closed? }
        return if yield

        raise_fault("the stream was closed while it waited for #{what}")
      end

      def park
        scheduler = EventMachine.__send__(:waiting_scheduler, "Stream")
        deadline = new_deadline
        fiber = ::Fiber.current
        @waiting[fiber] = scheduler
        block_until(scheduler, deadline) until yield
      ensure
        @waiting.delete(fiber)
      end

      # Waits until something happens.
      def block_until(scheduler, deadline)
        deadline ? scheduler.block(self, left_until(deadline)) : scheduler.block(self)
      end

      def new_deadline
        @timeout && (now + [@timeout, LONGEST].min)
      end

      # How many seconds there are yet.
      def left_until(deadline)
        left = deadline - now
        raise_own(Timeout::Error.new("the stream took longer than #{@timeout} s")) if left <= 0

        left
      end

      # Something has happened: each looks whether it is what it waits for.
      def wake
        wake_reader
        @waiting.each { |fiber, scheduler| scheduler.unblock(self, fiber) } unless @waiting.empty?
        nil
      end

      # Raises why there is nothing to be had.
      #
      # @param message [String] where the connection ended in order
      def raise_fault(message)
        raise_closed
        raise_own(@fault || EOFError.new(message))
      end

      def raise_closed
        raise IOError, "closed stream" if @stream_state.closed?
      end

      # Raises what a server does not mind: it is the peer's doing.
      def raise_own(error)
        raise @raised = error
      end

      def own?(error)
        error.equal?(@raised)
      end

      # What unbind was given, as an exception.
      def fault_of(reason)
        return unless reason.is_a?(Class)

        reason <= SystemCallError ? reason.new(ssl_verify_error) : reason.new(ssl_verify_error.to_s)
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
    private_constant :Waiting
  end
end
