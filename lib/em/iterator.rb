# frozen_string_literal: true

module EventMachine
  # Iterates over a list with asynchronous work. A limited number of items is processed at a time; when one is
  # done, the next one is started.
  #
  # @example One after the other
  #   EventMachine::Iterator.new(0..10).each do |number, iter|
  #     EventMachine.add_timer(1) { iter.next }
  #   end
  #
  # @example Three at a time, with results
  #   EventMachine::Iterator.new(urls, 3).map(
  #     proc { |url, iter| fetch(url) { |page| iter.return(page) } },
  #     proc { |pages| puts pages.size }
  #   )
  class Iterator
    # A callable list returns this when there are no more items.
    Stop = "EM::Stop"

    # Given to the work along with the item, to say when it is done.
    class Step
      def initialize(&done)
        @done = done
      end

      # Ends the work on the item.
      #
      # @return [void]
      # @raise [RuntimeError] if it has ended before
      def next
        raise "already completed this iteration" unless (done = @done)

        @done = nil
        done.call
      end
      alias call next

      # @return [Proc] does the same as {#next}
      def to_proc
        proc { self.next }
      end
    end
    private_constant :Step

    # The same, for work with a result.
    class ReturningStep
      def initialize(kind, &done)
        @kind = kind
        @done = done
      end

      # Ends the work on the item.
      #
      # @param result [Object]
      # @return [void]
      # @raise [RuntimeError] if it has ended before
      def return(result = nil, *)
        raise "already returned a value for this iteration" unless (done = @done)

        @done = nil
        done.call(result)
      end

      # @raise [NoMethodError] always
      def next
        raise NoMethodError, "must call #return on #{@kind} iterator"
      end
    end
    private_constant :ReturningStep

    # @return [Numeric] how many items are processed at a time
    attr_reader :concurrency

    # @param list [#to_a, #call] the items; or a callable that returns the next item each time, and {Stop} at
    #   the end
    # @param concurrency [Numeric] how many items are processed at a time
    # @raise [ArgumentError] if the list is neither of these, or the concurrency is not positive
    def initialize(list, concurrency = 1)
      raise ArgumentError, "concurrency must be bigger than zero, not #{concurrency}" unless concurrency > 0

      @list, @list_proc = source_of(list)
      @concurrency = concurrency
      @started = false
      @ended = false
    end

    # Changes how many items are processed at a time. If it is raised, more items are started at once. If it is
    # lowered, no more are started until enough are done.
    #
    # @param val [Numeric]
    # @raise [ArgumentError, NoMethodError] if it is not a number
    def concurrency=(val)
      raised = val > @concurrency
      @concurrency = val
      spawn_workers if raised && @started && !@ended
    end

    # Starts the work.
    #
    # @param foreach [#call, nil] called with each item, and with an object whose `next` ends the work on it; the
    #   block, if nil
    # @param after [#call, nil] called when all is done
    # @yieldparam item [Object]
    # @yieldparam iter [#next]
    # @return [Iterator] self
    # @raise [ArgumentError] when there is nothing to call
    # @raise [RuntimeError] if it was started before
    def each(foreach = nil, after = nil, &block)
      foreach ||= block || raise(ArgumentError, "proc or block required for iteration")
      raise "cannot iterate over an iterator more than once" if @started || @ended

      @started = true
      @foreach = foreach
      @after = after
      @pending = 0
      @workers = 0
      @process_next = method(:process_next)
      spawn_workers
      self
    end

    # Starts the work, and collects a result for each item, in the order of the items.
    #
    # @param foreach [#call] called with each item, and with an object whose `return` takes the result
    # @param after [#call] called with the Array of results when all is done
    # @return [Iterator] self
    # @raise [RuntimeError] if it was started before
    def map(foreach, after)
      index = -1
      results = []
      work = lambda do |item, step|
        position = (index += 1)
        foreach.call(item, returning("a map", step) { |result| results[position] = result })
      end
      each(work, -> { after.call(results) })
    end

    # Starts the work, and passes an object from one item's work to the next.
    #
    # @param obj [Object] given to the first
    # @param foreach [#call] called with the object, the item, and an object whose `return` takes the new one
    # @param after [#call] called with the object when all is done
    # @return [Iterator] self
    # @raise [RuntimeError] if it was started before
    def inject(obj, foreach, after)
      work = lambda do |item, step|
        foreach.call(obj, item, returning("an inject", step) { |result| obj = result })
      end
      each(work, -> { after.call(obj) })
    end

    private

    def source_of(list)
      return [nil, list] if list.respond_to?(:call)
      return [list.to_a.dup, nil] if list.respond_to?(:to_a)

      raise ArgumentError, "argument must be a proc or an array, not #{list.inspect}"
    end

    def returning(kind, step)
      ReturningStep.new(kind) do |result|
        yield result
        step.next
      end
    end

    # One worker per turn, so that no more are created if a worker reaches the end of the list.
    def spawn_workers
      EventMachine.next_tick { spawn_worker }
    end

    def spawn_worker
      return if @workers >= @concurrency || @ended

      @workers += 1
      process_next
      spawn_workers
    end

    def process_next
      return dismiss_worker if @ended || @workers > @concurrency

      item = next_item
      if item.equal?(Stop)
        @ended = true
        dismiss_worker
      else
        @pending += 1
        @foreach.call(item, Step.new { complete_item })
      end
    end

    def dismiss_worker
      @workers -= 1
      call_after if @ended
    end

    def complete_item
      @pending -= 1
      if @ended && @pending.zero?
        call_after
      else
        EventMachine.next_tick(@process_next)
      end
    end

    def call_after
      return unless @pending.zero? && @after

      after = @after
      @after = nil
      after.call
    end

    def next_item
      return @list_proc.call if @list_proc

      @list.empty? ? Stop : @list.shift
    end
  end
end
