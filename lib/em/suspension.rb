# frozen_string_literal: true

module EventMachine
  class << self
    # Has all timers wait until {resume_timers}: those of {add_timer}, {Timer} and {PeriodicTimer}, also those that are
    # added meanwhile. They are then due later by the time that has passed, so that after a pause of the program not
    # all fire at once. What goes by the system's clock ({at}, {every}), timeouts of connections and waits of fibers are
    # not suspended. The end of the loop, and {stop_gracefully}, end the suspension.
    #
    # @example
    #   trap("TSTP") do
    #     EventMachine.suspend_timers { Process.kill("STOP", Process.pid) }
    #   end
    # @yield after which the timers are resumed, unless they were suspended before
    # @return [Object, Boolean] what the block returned; without one, false if they were suspended before
    # @raise [RuntimeError] when no reactor runs
    def suspend_timers
      began = stop_timers
      return began unless block_given?

      begin
        yield
      ensure
        resume_timers if began && reactor_running?
      end
    end
  end
end
