# frozen_string_literal: true

require_relative "completion"

module EventMachine
  # Gives a resource whose methods block, such as a database connection, a thread of its own. Work on it is
  # done there, one piece after the other; the outcome comes back to the reactor by a {Completion}.
  #
  # @example
  #   resource = EventMachine::ThreadedResource.new { Database.connect }
  #   completion = resource.dispatch { |database| database.query("…") }
  #   completion.callback { |rows| puts rows.size }
  #   completion.errback { |error| warn error.message }
  class ThreadedResource
    # @yieldreturn [Object] the resource; the block is called at once, in the calling thread
    # @raise [LocalJumpError] without a block
    def initialize
      @resource = yield
      @running = true
      start
    end

    # Ends the thread, when it is done with the piece of work it is at. What is still waiting fails.
    #
    # @return [Thread] which has ended, save where it is the calling thread
    def shutdown
      @running = false
      @queue.close
      @thread.join unless @thread.equal?(Thread.current)
      @thread
    end

    # Has a block called with the resource, in the thread.
    #
    # @yieldparam resource [Object]
    # @yieldreturn [Object] given to the callbacks
    # @return [Completion] which succeeds with what the block returned, or fails with the exception it raised
    def dispatch(&work)
      completion = EventMachine::Completion.new
      start if @running && !@thread.alive?
      @queue.push([completion, work])
      completion
    rescue ClosedQueueError
      refuse(completion)
    end

    private

    # The thread does not survive a fork. Work that was waiting is the parent's.
    def start
      @queue = ::Queue.new
      @thread = Thread.new(@queue) { |queue| work_off(queue) }
    end

    def work_off(queue)
      while (completion, work = queue.pop)
        @running ? perform(completion, work) : refuse(completion)
      end
    end

    # An exception of any kind is the outcome of the work: it must not end the thread.
    def perform(completion, work)
      completion.succeed(work_on_resource(work))
    rescue Exception => e
      completion.fail(e)
    end

    def work_on_resource(work)
      raise LocalJumpError, "no block given" unless work

      work.call(@resource)
    end

    def refuse(completion)
      completion.fail(RuntimeError.new("#{self.class} was shut down"))
      completion
    end
  end
end
