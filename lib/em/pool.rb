# frozen_string_literal: true

require_relative "callback"
require_relative "deferrable"
require_relative "queue"

module EventMachine
  # Lends resources, such as connections, to pieces of work that wait for one. A resource is lent to one piece
  # of work at a time, and is free again when the Deferrable that the work returned has succeeded or failed.
  #
  # @example
  #   pool = EventMachine::Pool.new
  #   pool.add(connection)
  #   pool.on_error { |broken| pool.add(connect_anew) }
  #   pool.perform { |lent| lent.get("/") }
  class Pool
    def initialize
      @resources = EventMachine::Queue.new
      @removed = []
      @contents = []
      @on_error = nil
    end

    # Adds a resource.
    #
    # @param resource [Object]
    # @return [nil]
    def add(resource)
      @contents << resource
      requeue(resource)
    end

    # Removes a resource. One that is lent is given up when it comes back.
    #
    # @param resource [Object] one that is not in the pool is ignored
    # @return [Array<Object>] the resources that are removed and not yet given up
    def remove(resource)
      @removed << resource if @contents.delete(resource)
      @removed
    end

    # @param resource [Object]
    # @return [Boolean] whether it was removed and is not yet given up
    def removed?(resource)
      @removed.include?(resource)
    end

    # For inspection only: changing the list does not change the pool.
    #
    # @return [Array<Object>] the resources, lent or not
    def contents
      @contents.dup
    end

    # Sets what is called with a resource whose work failed. The resource has left the pool by then, and comes
    # back only by {#add}. Where nothing is set, it stays in the pool.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam resource [Object]
    # @return [#call] the callback
    # @raise [ArgumentError] when there is nothing to call
    def on_error(*args, &block)
      @on_error = EventMachine.Callback(*args, &block)
    end

    # Has work done with a resource, as soon as one is free. What the work raises goes on to the reactor, and
    # counts as failure.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam resource [Object]
    # @yieldreturn [Deferrable] whose outcome frees the resource; an ArgumentError is raised for anything else
    # @return [nil]
    # @raise [ArgumentError] when there is nothing to call
    def perform(*args, &block)
      work = EventMachine.Callback(*args, &block)
      @resources.pop do |resource|
        if removed?(resource)
          @removed.delete(resource)
          reschedule(work)
        else
          process(work, resource)
        end
      end
    end
    alias reschedule perform

    # @return [Integer] how many pieces of work wait for a resource
    def num_waiting
      @resources.num_waiting
    end

    protected

    def process(work, resource)
      completion(outcome_of(work, resource), resource)
    end

    def completion(deferrable, resource)
      deferrable.callback { requeue(resource) }
      deferrable.errback { failure(resource) }
    end

    def failure(resource)
      return requeue(resource) unless @on_error

      @contents.delete(resource)
      @removed.delete(resource)
      @on_error.call(resource)
    end

    def requeue(resource)
      @resources.push(resource)
    end

    private

    def outcome_of(work, resource)
      deferrable = work.call(resource)
      return deferrable if deferrable.is_a?(Deferrable)

      raise ArgumentError, "deferrable expected from work, not #{deferrable.inspect}"
    rescue StandardError
      failure(resource)
      raise
    end
  end
end
