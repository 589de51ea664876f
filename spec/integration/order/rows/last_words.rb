# frozen_string_literal: true

# Upstream writes once more before it closes, where a poll comes in between: after timers and post_init. Here what
# the socket takes at once is written in any callback.
Order.group "last words" do
  row "send_data and close_connection in a timer", "a.unbind peer(X)" do
    a, other = attach("a")
    later do
      a.send_data("X")
      a.close_connection
    end
    finally { tell_peer(other) }
  end

  row "send_data and close_connection in post_init", "s.init | s.unbind peer(X)",
      ours: "s.init s.unbind peer(X)" do
    serve("s", init: lambda { |s, _|
      s.send_data("X")
      s.close_connection
    })
    socket = nil
    later { socket, = clients(1) }
    finally { tell_peer(socket) }
  end

  row "send_data and close_connection in receive_data", "a.data(hi) a.unbind peer()",
      ours: "a.data(hi) a.unbind peer(X)" do
    _, other = attach("a", data: lambda { |a, _|
      a.send_data("X")
      a.close_connection
    })
    later { other.write("hi") }
    finally { tell_peer(other) }
  end

  row "send_data and close_connection in a tick", "tick a.unbind peer()", ours: "tick a.unbind peer(X)" do
    a, other = attach("a")
    later do
      tick("tick") do
        a.send_data("X")
        a.close_connection
      end
    end
    finally { tell_peer(other) }
  end

  row "send_data and close_connection in connection_completed", "c.init c.conn c.unbind peer()",
      ours: "c.init c.conn c.unbind peer(X)" do
    server = listener
    later do
      connect("c", conn: lambda { |c, _|
        c.send_data("X")
        c.close_connection
      })
    end
    finally { tell_peer(server.accept) }
  end

  row "a reset is told after what came before it", select: "a.unbind(ECONNRESET)",
                                                   epoll: "a.data(bye) a.unbind(ECONNRESET)",
                                                   ours: "a.data(bye) a.unbind(ECONNRESET)" do
    a, other = attach_tcp("a")
    later do
      a.send_data("x" * 8_000_000)
      in_turns(2) do
        other.write("bye")
        other.setsockopt(Socket::Option.linger(true, 0))
        other.close
      end
    end
    finally(awaits: "a.unbind(ECONNRESET)")
  end

  row "more than a share, and close_connection: as much as the socket takes", "a.unbind peer(much)" do
    a, other = attach_tcp("a")
    later do
      a.send_data("x" * 8_000_000)
      a.close_connection
    end
    finally { tell("peer(#{read_all(other).bytesize > 1_000_000 ? :much : :little})") }
  end

  row "send_data in unbind", "a.unbind -1" do
    a, = attach("a", unbind: ->(*) { tell(a.send_data("X")) })
    later { a.close_connection }
  end
end
