# frozen_string_literal: true

require_relative "callback"

module EventMachine
  # Publish and subscribe: every message that is pushed goes to every subscriber, in the reactor's thread.
  # A channel may be used from any thread.
  #
  # @example
  #   news = EventMachine::Channel.new
  #   reader = news.subscribe { |headline| puts headline }
  #   news.push("first edition", "second edition")
  #   news.unsubscribe(reader)
  class Channel
    def initialize
      @subs = {}
      @last_id = 0
    end

    # @return [Integer] the current number of subscribers
    def num_subscribers
      @subs.size
    end

    # Adds a subscriber. It gets every message that is pushed from now on.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam message [Object]
    # @return [Integer] the subscriber's id, for {#unsubscribe}
    # @raise [ArgumentError] when there is nothing to call
    def subscribe(*args, &block)
      subscriber = EventMachine.Callback(*args, &block)
      gen_id.tap do |id|
        EventMachine.schedule { @subs.store(id, subscriber) }
      end
    end

    # Gives each message that is pushed from now on to a block, one after the other, in the running fiber,
    # which waits for them. Ends when the block breaks, or the task is cancelled.
    #
    # @yieldparam message [Object]
    # @return [Enumerator, Object] an Enumerator without a block; else what `break` was given
    # @raise [NotInFiber] as {EventMachine.await}
    def each
      return to_enum unless block_given?

      EventMachine.__send__(:waiting_scheduler, "Channel#each")
      messages = ::Thread::Queue.new
      name = subscribe { |message| messages << [message] }
      # Not `loop`, which would take a StopIteration of the block's.
      while (message, = messages.pop)
        yield message
      end
    ensure
      unsubscribe(name) if name
    end

    # Removes a subscriber. A message that is being delivered at this moment still reaches it.
    #
    # @param id [Integer] what {#subscribe} returned; unknown ids are ignored
    # @return [#call, nil] the callback that was removed; nil when called outside the reactor's thread
    def unsubscribe(id)
      EventMachine.schedule { @subs.delete(id) }
    end

    # Delivers messages to all subscribers: at once in the reactor's thread, on its next turn when called
    # from another thread.
    #
    # @param items [Array<Object>] the messages, delivered one by one
    # @return [Array<Object>, nil] the messages; nil when called outside the reactor's thread
    def push(*items)
      EventMachine.schedule do
        items.each { |item| deliver(item) }
      end
    end
    alias << push

    # Subscribes to the next message only.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam message [Object]
    # @return [Integer, nil] the subscriber's id; nil when called outside the reactor's thread
    # @raise [ArgumentError] when there is nothing to call
    def pop(*args, &block)
      callback = EventMachine.Callback(*args, &block)
      EventMachine.schedule { subscribe_once(callback) }
    end

    private

    # A subscriber before this one may push: then the second message comes before the first, and takes the
    # subscription with it.
    def subscribe_once(callback)
      id = subscribe do |message|
        callback.call(message) if unsubscribe(id)
      end
    end

    # Iterates over a copy, because subscribers may come and go while they are called.
    def deliver(item)
      @subs.each_value.to_a.each { |subscriber| subscriber.call(item) }
    end

    def gen_id
      @last_id = @last_id.succ
    end
  end
end
