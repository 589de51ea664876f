# frozen_string_literal: true

Order.group "closing" do
  row "what is sent after close_connection_after_writing is dropped", "0 a.unbind peer(X)" do
    a, other = attach("a")
    later do
      a.send_data("X")
      a.close_connection_after_writing
      tell(a.send_data("Y"))
    end
    finally { tell_peer(other) }
  end

  row "data that waits is told before close_connection_after_writing ends it", "a.data(hi) a.unbind peer(X)" do
    a, other = attach("a")
    later do
      other.write("hi")
      a.send_data("X")
      a.close_connection_after_writing
    end
    finally { tell_peer(other) }
  end

  row "data is told while much is still to be written", "a.data(one) a.unbind peer(1000000)" do
    a, other = attach("a", data: ->(*) { in_turns(2) { tell_size(other) } })
    later do
      a.send_data("x" * 1_000_000)
      a.close_connection_after_writing
      other.write("one")
    end
    finally(awaits: "peer(1000000)")
  end

  row "closed by a timer, a tick and another's receive_data: all end with the turn, in order of creation",
      "d.data(hi) tick a.unbind b.unbind c.unbind" do
    a, = attach("a")
    b, = attach("b")
    c, = attach("c")
    _, other = attach("d", data: ->(*) { c.close_connection })
    later do
      other.write("hi")
      tick("tick") { b.close_connection }
      a.close_connection
    end
  end

  row "closed in another order, connections end in that of their creation", "a.unbind b.unbind c.unbind" do
    connections = %w[a b c].map { |name| attach(name).first }
    later { connections.values_at(2, 0, 1).each(&:close_connection) }
  end

  row "one that is closed and one that is at its end: the order of creation", "a.unbind b.unbind" do
    _, other = attach("a")
    b, = attach("b")
    later do
      b.close_connection
      other.close
    end
  end

  row "close_connection twice", "a.unbind" do
    a, = attach("a")
    later { 2.times { a.close_connection } }
  end

  row "data and an end that come together are told one turn each",
      select: "a.data(hi) | a.unbind", epoll: "a.data(hi) a.unbind" do
    _, other = attach("a")
    later do
      other.write("hi")
      other.close
    end
  end

  row "data that waits when a timer closes is told", "a.data(hi) a.unbind", ours: "a.unbind" do
    a, other = attach("a")
    later do
      other.write("hi")
      a.close_connection
    end
  end

  row "paused, closed after writing, and resumed", "resumed a.unbind peer(X)",
      ours: "a.unbind | resumed peer(X)" do
    a, other = attach("a")
    later do
      a.pause
      a.send_data("X")
      a.close_connection_after_writing
      in_turns(2) do
        tell("resumed")
        a.resume
      end
    end
    finally { tell_peer(other) }
  end

  row "connection_count and @conns in unbind, and in the tick after it", "a.unbind 1 false | tick 0" do
    connections = EventMachine.instance_variable_get(:@conns)
    a, = attach("a", unbind: lambda { |c, _|
      tell(EventMachine.connection_count)
      tell(connections.key?(c.signature))
      tick("tick") { tell(EventMachine.connection_count) }
    })
    later { a.close_connection }
  end
end
