# frozen_string_literal: true

module Order
  # A connection that tells its scene of each callback, and then does what the scene wants there.
  class Speaker < EventMachine::Connection
    SHORT = 8

    # @param does [Hash{Symbol => Proc}] what to do in init, conn, data, unbind, readable, writable; each is
    #   given the connection, and the data
    def initialize(scene, name, does)
      super()
      @scene = scene
      @name = name
      @does = does
    end

    def post_init
      say(:init)
    end

    def connection_completed
      say(:conn)
    end

    def receive_data(data)
      say(:data, data.bytesize > SHORT ? data.bytesize : data)
    end

    def unbind(reason = nil)
      say(:unbind, reason&.to_s&.delete_prefix("Errno::"))
    end

    private

    def say(event, detail = nil)
      @scene.tell("#{@name}.#{event}#{"(#{detail})" if detail}")
      @does[event]&.call(self, detail)
    end
  end

  # The same for EventMachine.watch.
  class Watcher < Speaker
    def notify_readable
      say(:readable)
    end

    def notify_writable
      say(:writable)
    end
  end
end
