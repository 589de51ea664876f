# frozen_string_literal: true

module EventMachine
  # Tasks that end together: {EventMachine.group} makes it.
  class Group
    def initialize
      @tasks = []
      @failure = nil
      @changed = nil
      @cancelled = false
      @over = false
    end

    # Starts a task of the group.
    #
    # @param name [#to_s, nil] as {EventMachine.fiber}
    # @yieldparam task [Task]
    # @return [Task]
    # @raise [ArgumentError, FiberError] as {EventMachine.fiber}
    # @raise [RuntimeError] when {EventMachine.group} has returned, since nobody waits for it then
    def fiber(name = nil, &block)
      raise "the group has ended: start a task of its own by EventMachine.fiber" if @over

      task = EventMachine.fiber(name, &block)
      @tasks << task
      task.callback { settle }
      task.errback { |reason| failed(task, reason) }
      task.cancel if @cancelled
      task
    end

    private

    def failed(task, reason)
      unless @failure || task.status == :cancelled
        @failure = reason
        cancel
      end
      settle
    end

    # Those too that come from now on, as from an `ensure`.
    def cancel
      @cancelled = true
      @tasks.each { |task| task.cancel unless task.equal?(Task.current) }
    end

    def settle
      @changed&.succeed
    end

    # Waits until all have ended, those too that come meanwhile.
    def finish
      until @tasks.all? { |task| ended?(task) }
        @changed = DefaultDeferrable.new
        EventMachine.await(@changed)
      end
      raise @failure if @failure

      @tasks.map { |task| EventMachine.await(task) }
    end

    def ended?(task)
      !%i[running waiting].include?(task.status)
    end

    def close
      @over = true
    end

    # The block has failed, or the task that runs it is cancelled: so are those of the group.
    def abort
      cancel
      EventMachine.shield { finish }
    rescue StandardError
      nil
    end
  end

  class << self
    # Runs tasks that end before this returns, whatever happens: where one fails, or the block does, the others
    # are cancelled and waited for, and what was raised first is raised here.
    #
    # @example
    #   bodies = EventMachine.group { |group| urls.each { |url| group.fiber { Net::HTTP.get(url) } } }
    # @yieldparam group [Group]
    # @return [Array<Object>] what the tasks returned, in the order they were started in
    # @raise [NotInFiber] as {await}
    # @raise [TaskCancelled] when one was cancelled, and none failed
    def group
      raise ArgumentError, "no block given" unless block_given?

      waiting_scheduler("group")
      group = Group.new
      begin
        yield group
        group.__send__(:finish)
      rescue Exception
        group.__send__(:abort)
        raise
      ensure
        group.__send__(:close)
      end
    end
  end
end
