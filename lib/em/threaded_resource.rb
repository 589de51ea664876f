# frozen_string_literal: true

require_relative "completion"

module EventMachine
  # Runs a resource with blocking methods, such as a database connection, in a thread of its own. Work is done
  # there, one piece after the other. A {Completion} brings the result back to the reactor.
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

    # Ends the thread after its current piece of work. Waiting work fails.
    #
    # @return [Thread] has ended, unless it is the calling thread
    def shutdown
      @running = false
      @queue.close
      @thread.join unless @thread.equal?(Thread.current)
      @thread
    end

    # Calls a block with the resource, in the thread.
    #
    # @yieldparam resource [Object]
    # @yieldreturn [Object] given to the callbacks
    # @return [Completion] succeeds with the block's result, or fails with the exception that it raised
    def dispatch(&work)
      completion = EventMachine::Completion.new
      start if @running && !@thread.alive?
      @queue.push([completion, work])
      completion
    rescue ClosedQueueError
      refuse(completion)
    end

    private

    # The thread does not survive a fork. Waiting work belongs to the parent.
    def start
      @queue = ::Queue.new
      @thread = Thread.new(@queue) { |queue| work_off(queue) }
    end

    def work_off(queue)
      while (completion, work = queue.pop)
        @running ? perform(completion, work) : refuse(completion)
      end
    end

    # Any exception is an outcome of the work, and must not end the thread.
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
