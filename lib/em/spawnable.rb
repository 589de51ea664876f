# frozen_string_literal: true

module EventMachine
  # Makes a process, in the sense of Erlang: a block that is called, in the reactor's thread, once for each
  # notification. Within it `self` is the {SpawnedProcess}.
  #
  # @example
  #   process = EventMachine.spawn { |text| puts text }
  #   process.notify("hello")
  # @yieldparam args what {SpawnedProcess#notify} was given; the number must fit
  # @return [SpawnedProcess]
  # @raise [TypeError] without a block
  def self.spawn(&block)
    SpawnedProcess.new.tap { |process| process.set_receiver(block) }
  end

  # To be the last call in the block of a {spawn}ed process: gives the block that is called from the next
  # notification on, in place of the one that returns.
  #
  # @yieldparam args what {SpawnedProcess#notify} was given
  # @return [YieldBlockFromSpawnedProcess] for the reactor
  def self.yield(&block)
    YieldBlockFromSpawnedProcess.new(block, false)
  end

  # As {yield}; moreover the process is notified, without arguments, so that the block is called soon.
  #
  # @return [YieldBlockFromSpawnedProcess] for the reactor
  def self.yield_and_notify(&block)
    YieldBlockFromSpawnedProcess.new(block, true)
  end

  # What {EventMachine.spawn} returns.
  class SpawnedProcess
    # Has the block called with these arguments, on the reactor's next turn. May be called from any thread,
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
    # @raise [TypeError] if it is neither
    def set_receiver(blk)
      # Ruby warns of a method that is defined anew, unless it has been aliased.
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

  # How the block of a process tells that it yields.
  class YieldBlockFromSpawnedProcess
    # @param block [Proc] the next block of the process
    # @param notify [Boolean] whether the process is to be notified
    def initialize(block, notify)
      @block = [block, notify]
    end

    # @return [Array(Proc, Boolean)] the block, and whether the process is to be notified
    def pull_out_yield_block
      @block
    end
  end
end
