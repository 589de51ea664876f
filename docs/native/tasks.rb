# frozen_string_literal: true

# Documentation of the native methods of tasks. Never loaded.
module EventMachine
  # Runs a block in a fiber on the event loop. What blocks elsewhere (sockets, `sleep`, `Queue#pop`,
  # `Process.wait`, {EventMachine.await}) has only that fiber wait, and callbacks and other fibers go on.
  #
  # In the reactor's thread the block runs at once, until it waits for the first time. Called in another
  # thread, or before {EventMachine.run}, it is started by the loop. Where another library's scheduler is set in the
  # thread, that runs it, by Fiber.schedule.
  #
  # @example
  #   EventMachine.run do
  #     EventMachine.fiber { puts Net::HTTP.get(URI("http://example.com")) }
  #   end
  # @param name [#to_s, nil] what the task is called in warnings
  # @yieldparam task [Task]
  # @return [Task]
  # @raise [ArgumentError] without a block
  # @raise [FiberError] when the system allows no more fibers: see vm.max_map_count in proc(5)
  def self.fiber(name = nil, &block); end

  # See lib/em/fiber/task.rb.
  class Task
    # @return [Array<Task>] those that have started and not ended, in the order of their starts
    # @!visibility private
    def self.live; end

    # @return [Task, nil] the one that a fiber runs
    # @!visibility private
    def self.of(fiber); end

    # @return [String, nil]
    def name; end

    # @return [Fiber, nil] nil until it has started
    def fiber; end

    # @return [Object, nil] what the block returned; nil until then
    def value; end

    # @return [Boolean] whether a scheduler runs it
    # @!visibility private
    def run_by?(scheduler); end

    # @return [Proc] the block, as what is called with the task
    # @!visibility private
    def callable; end

    # Its block has returned.
    # @return [Boolean] whether it had not ended before
    # @!visibility private
    def returned(value); end

    # @return [Boolean] whether somebody gets the exception of the task
    # @!visibility private
    def taken?; end
  end
end
