# frozen_string_literal: true

module EventMachine
  class Stream < Connection
    # How fibers wait for what happens to a stream.
    module Waiting
      private

      # Waits for more input, or its end; only one fiber can.
      def wait_for_input(deadline)
        raise IOError, "another fiber reads from the stream" if @reader

        @reading_by = ::Fiber.current_scheduler || EventMachine.__send__(:waiting_scheduler, "Stream")
        @reader = ::Fiber.current
        begin
          resume_reading if @stopped
          deadline ? block_until(@reading_by, deadline) : @reading_by.block(self)
        ensure
          @reader = nil
        end
        raise_closed if @closed
      end

      # Waits for anything else that cannot be had from a connection that has ended.
      def wait_until(what)
        park { yield || @unbound || @closed }
        return if yield

        raise_fault("the stream was closed while it waited for #{what}")
      end

      def park
        scheduler = EventMachine.__send__(:waiting_scheduler, "Stream")
        deadline = @timeout && (now + @timeout)
        fiber = ::Fiber.current
        @waiting[fiber] = scheduler
        block_until(scheduler, deadline) until yield
      ensure
        @waiting.delete(fiber)
      end

      # Waits until something happens.
      def block_until(scheduler, deadline)
        return scheduler.block(self) unless deadline

        left = deadline - now
        raise_own(Timeout::Error.new("the stream took longer than #{@timeout} s")) if left <= 0

        scheduler.block(self, left)
      end

      # Something has happened: each looks whether it is what it waits for.
      def wake
        @reading_by.unblock(self, @reader) if @reader
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
        raise IOError, "closed stream" if @closed
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
