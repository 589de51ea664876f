# frozen_string_literal: true

module EventMachine
  # Tasks that failed, and nobody has taken their exceptions yet.
  @failed_tasks = {}.compare_by_identity

  class << self
    private

    # Has what ended a task raised in the loop, as that of a callback is, unless somebody takes it before the
    # next turn is over.
    def report_failure(task, error)
      @failed_tasks[task] = error
      next_tick { next_tick { raise_failure(task) } }
    end

    def raise_failure(task)
      error = @failed_tasks.delete(task)
      raise error if error && !task.taken?
    end

    # There is no next turn.
    def raise_failures
      rest = @failed_tasks.keys.map { |task| failure_of { raise_failure(task) } }.compact
      handler = @error_handler if defined?(@error_handler)
      taken, rest = rest.partition { |error| handler && error.is_a?(StandardError) }
      taken.each { |error| handler.call(error) }
      raise rest.first if rest.any?
    end
  end
end
