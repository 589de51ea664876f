# frozen_string_literal: true

require "io/wait"
require "timeout"
require_relative "scheduler/exceptions"

module EventMachine
  # A Fiber::Scheduler: while it is set, what would block in a non-blocking fiber (sockets, `sleep`, `Queue`,
  # `Process.wait` and the like) waits on a reactor, and other fibers run meanwhile.
  #
  # {EventMachine.fiber} sets one that runs on the loop of {EventMachine.run}. In a thread without a reactor a
  # scheduler has a loop of its own, which runs when the thread ends, or in {#run}.
  #
  # @example
  #   Thread.new do
  #     Fiber.set_scheduler(EventMachine::Scheduler.new)
  #     Fiber.schedule { puts TCPSocket.new("localhost", 80).read }
  #     Fiber.schedule { sleep 1 }
  #   end.join
  class Scheduler
    # What {Scheduler#fiber} makes: a fiber in which another may raise without being resumed by it.
    class Fiber < ::Fiber
      # As Fiber#raise. Where another fiber of the same scheduler calls it, that goes on when this one waits
      # again, or has ended.
      #
      # @return [Object, nil]
      def raise(*arguments)
        scheduler = ::Fiber.scheduler
        return super if equal?(::Fiber.current) || !scheduler.is_a?(Scheduler) || !alive?

        scheduler.__send__(:interrupt, self, Exceptions.made(*arguments), true)
      end
    end

    private_class_method :closing, :reopening, :abandon

    # Ends a block that took too long.
    class Expired < Exception; end
    private_constant :Expired

    # @return [Hash{Fiber => Symbol}] the fibers that wait, and what for: `:io`, `:sleep`, `:block`, `:process`
    #   or `:turn`
    def waiting
      waits.to_h { |fiber, _, kind, _| [fiber, kind] }
    end

    # Runs until no fiber waits, and sets no scheduler in place of this one where it is the thread's. One that
    # is attached to the reactor leaves its fibers to that.
    #
    # @return [void]
    # @raise [Exception] the first that ended a fiber
    def close
      return ::Fiber.set_scheduler(nil) if equal?(::Fiber.scheduler)

      scheduler_close
    end

    # Ruby calls this at the end of the thread, and where another scheduler is set.
    #
    # @return [void]
    # @raise [Exception] as {#close}
    def scheduler_close
      run
    ensure
      finish
    end

    # As in threads, a Timeout::Error cannot be rescued within the block that takes too long, only around it;
    # another class can.
    #
    # @param duration [Numeric] seconds
    # @param klass [Class] of the exception that is raised where the block takes longer
    # @param message [String]
    # @return [Object] what the block returns
    def timeout_after(duration, klass, message, &block)
      plain = klass.equal?(Timeout::Error)
      # Newer releases of Timeout do this themselves, and then ask for another class.
      if plain && klass.respond_to?(:handle_timeout)
        return klass.handle_timeout(message) { |exception| timeout_after(duration, exception, message, &block) }
      end

      exception = plain ? Expired.new(message) : Exceptions.made(klass, message)
      alarm = arm(duration, exception)
      begin
        yield duration
      rescue Expired => expired
        raise unless expired.equal?(exception)

        raise klass, message, expired.backtrace, cause: nil
      ensure
        disarm(alarm)
      end
    end

    # @param pid [Integer] as Process.wait
    # @param flags [Integer] as Process.wait
    # @return [Process::Status, nil]
    def process_wait(pid, flags)
      return wait_in_thread(pid, flags) unless pid.positive? && (flags & Process::WUNTRACED).zero?

      until (status = Process::Status.wait(pid, flags | Process::WNOHANG))
        await_exit(pid)
      end
      status
    rescue Unsupported
      wait_in_thread(pid, flags)
    end

    # @param hostname [String]
    # @return [Array<String>] its addresses
    def address_resolve(hostname)
      RESOLVER.call(hostname)
    end

    # As IO.select.
    def io_select(readable, writable = nil, exceptional = nil, timeout = nil)
      EventMachine.__send__(:not_negative, timeout, "time interval") unless timeout.nil?
      deadline = timeout && (now + timeout)
      until (ready = apart { IO.select(readable, writable, exceptional, 0) })
        remaining = deadline && [deadline - now, 0].max
        return if remaining&.zero?

        await_any(targets(readable, writable, exceptional), remaining)
      end
      ready
    end

    # @param operation [#call] what Ruby would run without its lock
    # @return [void]
    def blocking_operation_wait(operation)
      thread = Thread.new { operation.call }
      thread.join
    ensure
      end_operation(thread) if thread&.alive?
    end

    private

    def targets(readable, writable, exceptional)
      lists = { IO::READABLE => readable, IO::WRITABLE => writable, IO::PRIORITY => exceptional }
      lists.flat_map { |events, ios| ios.to_a.map { |io| [io.to_io, events] } }
    end

    # What the operation works on is on the stack of the fiber, which goes on only when the operation has ended.
    def end_operation(thread)
      thread.kill
      apart { thread.join }
    end

    def wait_in_thread(pid, flags)
      Thread.new { Process::Status.wait(pid, flags) }.value
    end

    # Blocks, as everything does that the loop's own fiber calls.
    def apart(&block)
      ::Fiber.new(blocking: true, &block).resume
    end

    def wait_apart(io, events, timeout)
      apart { io.wait(events, timeout) || false }
    end

    def sleep_apart(*seconds)
      apart { sleep(*seconds) }
      true
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
