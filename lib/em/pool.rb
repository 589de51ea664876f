# frozen_string_literal: true

require_relative "callback"
require_relative "deferrable"
require_relative "queue"

module EventMachine
  # A pool of resources, such as connections, for pieces of work that wait for one. Each resource is lent to
  # one piece of work at a time. It is free again when the Deferrable that the work returned has succeeded or
  # failed.
  #
  # @example
  #   clients = EventMachine::Pool.new
  #   3.times { clients.add(connect_client) }
  #   clients.on_error { clients.add(connect_client) }
  #   clients.perform { |client| client.query("SELECT 1") }
  class Pool
    def initialize
      @free = EventMachine::Queue.new
      @contents = []
      @removed = []
      @on_error = nil
    end

    # Adds a resource.
    #
    # @param resource [Object]
    # @return [nil]
    def add(resource)
      @contents.push(resource)
      requeue(resource)
    end

    # Removes a resource. If it is lent, it leaves the pool when its work is done.
    #
    # @param resource [Object] ignored if it is not in the pool
    # @return [Array<Object>] resources that were removed and have not left the pool yet
    def remove(resource)
      @removed.push(resource) if @contents.delete(resource)
      @removed
    end

    # @param resource [Object]
    # @return [Boolean] whether it was removed and has not left the pool yet
    def removed?(resource)
      @removed.include?(resource)
    end

    # @return [Array<Object>] a copy of the list of resources, lent or not
    def contents
      @contents.dup
    end

    # Sets the callback for resources whose work failed. The resource has left the pool by then; {#add} puts
    # it back. Without a callback it stays in the pool.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam resource [Object]
    # @return [#call] the callback
    # @raise [ArgumentError] when there is nothing to call
    def on_error(*args, &block)
      @on_error = EventMachine.Callback(*args, &block)
    end

    # Calls a piece of work with a resource, as soon as one is free. If the work raises, the exception goes to
    # the reactor and the work counts as failed.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam resource [Object]
    # @yieldreturn [Deferrable] frees the resource when it succeeds or fails; anything else raises an
    #   ArgumentError
    # @return [nil]
    # @raise [ArgumentError] when there is nothing to call
    def perform(*args, &block)
      work = EventMachine.Callback(*args, &block)
      @free.pop { |resource| discard(resource) ? perform(work) : process(work, resource) }
    end
    alias reschedule perform

    # @return [Integer] how many pieces of work are waiting for a resource
    def num_waiting
      @free.num_waiting
    end

    protected

    def process(work, resource)
      outcome = work.call(resource)
      unless outcome.is_a?(Deferrable)
        raise ArgumentError, "deferrable expected from work, not #{outcome.inspect}"
      end
    rescue StandardError
      failure(resource)
      raise
    else
      completion(outcome, resource)
    end

    def completion(deferrable, resource)
      deferrable.errback { failure(resource) }
      deferrable.callback { requeue(resource) }
    end

    def failure(resource)
      return requeue(resource) if @on_error.nil?

      [@contents, @removed].each { |list| list.delete(resource) }
      @on_error.call(resource)
    end

    def requeue(resource)
      @free.push(resource)
    end

    private

    # @return [Boolean] whether the resource was removed while it was free or lent; it is forgotten then
    def discard(resource)
      removed?(resource).tap { @removed.delete(resource) }
    end
  end
end
