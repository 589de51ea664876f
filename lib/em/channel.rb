# frozen_string_literal: true

require_relative "callback"

module EventMachine
  # Hands each message to every subscriber, in the reactor's thread. May be used from any thread.
  #
  # @example
  #   channel = EventMachine::Channel.new
  #   id = channel.subscribe { |message| puts message }
  #   channel << "hello"
  #   channel.unsubscribe(id)
  class Channel
    def initialize
      @subs = {}
      @uid = 0
    end

    # @return [Integer] how many subscribers there are now
    def num_subscribers
      @subs.size
    end

    # Adds a subscriber, which gets every message that is pushed from then on.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam message [Object]
    # @return [Integer] the name for {#unsubscribe}
    # @raise [ArgumentError] when there is nothing to call
    def subscribe(*args, &block)
      callback = EventMachine.Callback(*args, &block)
      name = gen_id
      EventMachine.schedule { @subs[name] = callback }
      name
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
      name = subscribe { |message| messages << message }
      loop { yield messages.pop }
    ensure
      unsubscribe(name) if name
    end

    # Removes a subscriber. The message that is being handed round meanwhile still reaches it.
    #
    # @param name [Integer] as {#subscribe} returned it; an unknown one is ignored
    # @return [#call, nil] the callback that was removed; nil off the reactor's thread
    def unsubscribe(name)
      EventMachine.schedule { @subs.delete(name) }
    end

    # Hands messages to the subscribers: at once in the reactor's thread, on its next turn elsewhere.
    #
    # @param items [Array<Object>] the messages, handed out one by one
    # @return [Array<Object>, nil] the messages; nil off the reactor's thread
    def push(*items)
      EventMachine.schedule { deliver(items) }
    end
    alias << push

    # Subscribes to a single message, the next one.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam message [Object]
    # @return [Integer, nil] the name for {#unsubscribe}; nil off the reactor's thread
    # @raise [ArgumentError] when there is nothing to call
    def pop(*args, &block)
      callback = EventMachine.Callback(*args, &block)
      EventMachine.schedule do
        name = subscribe { |message| callback.call(message) if unsubscribe(name) }
      end
    end

    private

    def deliver(items)
      items.each do |item|
        # A copy, since subscribers come and go while they are called.
        @subs.values.each { |subscriber| subscriber.call(item) }
      end
    end

    def gen_id
      @uid += 1
    end
  end
end
