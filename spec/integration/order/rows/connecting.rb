# frozen_string_literal: true

Order.group "connecting" do
  row "data that waits is told in the turn after connection_completed", "c.init c.conn | c.data(hi)" do
    server = listener
    later do
      connect("c")
      keep(server.accept).first.write("hi")
    end
  end

  row "a timer that connection_completed makes comes before data that waits, a tick after it",
      "c.init c.conn | timer c.data(hi) tick" do
    server = listener
    later do
      connect("c", conn: ->(*) { timer("timer") && tick("tick") })
      keep(server.accept).first.write("hi")
    end
  end

  row "data that waits is not told when connection_completed stops the reactor", "c.init c.conn stop c.unbind" do
    server = listener
    later do
      connect("c", conn: ->(*) { stop })
      keep(server.accept).first.write("hi")
    end
  end

  row "data and an end that wait are told one turn each", select: "c.init c.conn | c.data(hi) | c.unbind",
                                                         epoll: "c.init c.conn c.unbind" do
    server = listener
    later do
      connect("c")
      server.accept.tap { |socket| socket.write("hi") }.close
    end
  end

  row "two connects are told in order, and their data in the next turn",
      "a.init b.init a.conn b.conn | a.data(hi) b.data(hi)" do
    server = listener
    later do
      connect("a")
      connect("b")
      keep(server.accept, server.accept).each { |socket| socket.write("hi") }
    end
  end

  row "the server's post_init comes before connection_completed of its client", "c.init s.init c.conn" do
    later do
      serve("s")
      connect("c", "server")
    end
  end

  row "close_connection of a connect that is under way", "c.init c.conn c.unbind" do
    listener
    later { connect("c").close_connection }
  end

  row "close_connection of a connect that is under way, in post_init", "c.init c.conn c.unbind" do
    listener
    later { connect("c", init: ->(c, _) { c.close_connection }) }
  end

  row "close_connection_after_writing of a connect that is under way", "c.init c.conn c.unbind" do
    listener
    later { connect("c").close_connection_after_writing }
  end

  row "close_connection in the tick after a connect", select: "c.init c.conn tick c.unbind",
                                                      epoll: "c.init tick c.conn c.unbind" do
    listener
    later do
      c = connect("c")
      tick("tick") { c.close_connection }
    end
  end

  row "a refused connect that is closed has its reason", "c.init c.unbind(ECONNREFUSED)" do
    port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    later { EventMachine.connect("127.0.0.1", port, Order::Speaker, self, "c", {}).close_connection }
    finally(awaits: "c.unbind(ECONNREFUSED)")
  end

  row "a connect and EM.stop in a timer", "c.init stop c.conn c.unbind" do
    listener
    later do
      connect("c")
      stop
    end
  end

  row "a connect and EM.stop in a tick", "tick c.init stop c.unbind" do
    listener
    later do
      tick("tick") do
        connect("c")
        stop
      end
    end
  end
end
