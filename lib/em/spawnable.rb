# frozen_string_literal: true

module EventMachine
  # Creates a process, in the sense of Erlang: a block that is called in the reactor's thread, once for each
  # notification. `self` is the {SpawnedProcess}.
  #
  # @example
  #   process = EventMachine.spawn { |text| puts text }
  #   process.notify("hello")
  # @example A process of the operating system's: {popen} connects to one as well
  #   EventMachine.spawn("tar", "-cf", "backup.tar", "data") { |status| warn "failed" unless status.success? }
  # @overload spawn(&block)
  #   @yieldparam args the arguments of {SpawnedProcess#notify}; their number must match
  #   @return [SpawnedProcess]
  #   @raise [TypeError] without a block
  # @overload spawn(*command, **options, &block)
  #   Starts a child process, and calls the block when it has ended: see {watch_child}.
  #   @param command what Process.spawn takes, and so are the options
  #   @yieldparam status [Process::Status, nil]
  #   @return [ChildWatch] which has its `pid`
  #   @raise [SystemCallError, ArgumentError, TypeError] as Process.spawn
  #   @raise [RuntimeError, Unsupported] as {watch_child}
  def self.spawn(*command, &block)
    return spawn_child(command, block) unless command.empty?

    SpawnedProcess.new.tap { |process| process.set_receiver(block) }
  end
  singleton_class.send(:ruby2_keywords, :spawn)

  # Call this last in the block of a {spawn}ed process: it sets the block that is called from the next
  # notification on.
  #
  # @yieldparam args the arguments of {SpawnedProcess#notify}
  # @return [YieldBlockFromSpawnedProcess] for the reactor
  def self.yield(&block)
    YieldBlockFromSpawnedProcess.new(block, false)
  end

  # Like {yield}, and notifies the process without arguments, so that the new block is called soon.
  #
  # @return [YieldBlockFromSpawnedProcess] for the reactor
  def self.yield_and_notify(&block)
    YieldBlockFromSpawnedProcess.new(block, true)
  end

  # A process of {EventMachine.spawn}.
  class SpawnedProcess
    # Makes the reactor call the block with these arguments, on its next turn. It may be called from any thread,
    # and within the block itself.
    #
    # @param args given to the block
    # @return [nil]
    def notify(*args)
      EventMachine.next_tick { receive(args) }
    end
    ruby2_keywords :notify
    alias resume notify
    alias run notify

    # Sets the block that is called.
    #
    # @param blk [Proc, Method]
    # @return [Symbol]
    # @raise [TypeError] if it is neither of these
    def set_receiver(blk)
      # Ruby warns when a method is redefined, unless it has been aliased.
      singleton_class.alias_method(:call, :call) if respond_to?(:call)
      define_singleton_method(:call, blk)
    end

    private

    def receive(args)
      result = call(*args)
      return unless result.is_a?(YieldBlockFromSpawnedProcess)

      block, notify_again = result.pull_out_yield_block
      set_receiver(block)
      notify if notify_again
    end
  end

  # Returned by the block of a process that yields.
  class YieldBlockFromSpawnedProcess
    # @param block [Proc] the next block of the process
    # @param notify [Boolean] whether to notify the process
    def initialize(block, notify)
      @block = [block, notify]
    end

    # @return [Array(Proc, Boolean)] the block, and whether to notify the process
    def pull_out_yield_block
      @block
    end
  end
end
