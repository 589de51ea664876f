# frozen_string_literal: true

module EventMachine
  # Cancelling may have tasks start others: so many times those are cancelled, too.
  CANCEL_ROUNDS = 3
  private_constant :CANCEL_ROUNDS
  private_class_method :wind_up

  class << self
    private

    # Ends the fibers of a loop that has ended: each is cancelled, and has {fiber_grace} seconds of loop for
    # what it does in `ensure`.
    def stop_fibers
      scheduler = @fiber_scheduler or return
      @fiber_scheduler = nil
      resume_timers
      begin
        wind_up(true)
        failure = cancel_fibers(scheduler)
        failure = failure_of { raise_failures } || failure
      ensure
        wind_up(false)
        leave_scheduler(scheduler)
      end
      raise failure if failure
    end

    def leave_scheduler(scheduler)
      warn_of_fibers(scheduler)
      Task.abandon(scheduler)
      close_scheduler(scheduler)
    end

    # From now on there is no turn of the loop left: a fiber that starts, as in an `unbind`, runs until it would wait.
    def begin_last_fibers
      @last_fibers = true
      @fiber_scheduler&.__send__(:end_soon)
    end

    def end_last_fibers
      @last_fibers = false
      scheduler = @fiber_scheduler or return
      @fiber_scheduler = nil
      leave_scheduler(scheduler)
    end

    def end_at_wait(task)
      CANCEL_ROUNDS.times { task.fiber.raise(Cancelled.new("the reactor has stopped")) if task.status == :waiting }
    end

    def cancel_fibers(scheduler)
      deadline = monotonic_time + fiber_grace
      cancelled = {}.compare_by_identity
      failure = nil
      rounds = 0
      until waiting_fibers(scheduler).empty? || monotonic_time >= deadline
        rest = waiting_fibers(scheduler).reject { |fiber| cancelled.key?(fiber) }
        rest = [] if (rounds += 1) > CANCEL_ROUNDS
        rest.each { |fiber| cancel_fiber(scheduler, fiber, cancelled) }
        # One that is shielded may wait for a name.
        fail_resolutions
        failure = failure_of { turn_until(deadline) } || failure
      end
      failure
    end

    def cancel_fiber(scheduler, fiber, cancelled)
      cancelled[fiber] = true
      scheduler.__send__(:interrupt, fiber, Cancelled.new("the reactor has stopped"), false)
    end

    def turn_until(deadline)
      timer = add_timer([deadline - monotonic_time, 0].max, -> {})
      run_machine_once
    ensure
      cancel_timer(timer) if timer
    end

    # Those that the loop runs, be they tasks or not.
    def waiting_fibers(scheduler)
      scheduler.__send__(:waits).map { |_, top, _, _| top }.uniq(&:__id__) | Task.run_by(scheduler).map(&:fiber)
    end

    def warn_of_fibers(scheduler)
      scheduler.__send__(:waits).each do |fiber, top, kind, seconds|
        task = Task.of(top)
        name = task ? "task #{task.name || task.__id__}" : "a fiber"
        place = fiber.backtrace.to_a.find { |line| !line.start_with?(__dir__) }
        warn format("EventMachine: %s did not end when the reactor stopped: it waits (%s, %.1f s) at %s",
                    name, kind, seconds, place || "an unknown place")
      end
    end

    def close_scheduler(scheduler)
      if ::Fiber.scheduler.equal?(scheduler)
        ::Fiber.set_scheduler(nil)
      else
        scheduler.__send__(:finish)
      end
    end

    # In a forked child the fibers are the parent's, save the one that forked, which goes on and blocks.
    def abandon_fibers
      Scheduler.__send__(:abandon)
      Task.abandon
      @failed_tasks.clear
      @fiber_scheduler = nil
      ::Fiber.set_scheduler(nil) if ::Fiber.scheduler.is_a?(Scheduler)
    end
  end
end
