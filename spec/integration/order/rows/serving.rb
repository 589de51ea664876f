# frozen_string_literal: true

Order.group "serving" do
  row "stop_server in a timer: what waits is served", "stopped s.init s.init peer(hi) peer(hi)" do
    server = serve("s", init: ->(s, _) { s.send_data("hi") })
    sockets = nil
    later do
      sockets = clients(2)
      EventMachine.stop_server(server)
      tell("stopped")
    end
    finally { sockets.each { |socket| tell_peer(socket) } }
  end

  row "stop_server in the post_init of the first: the others are served", "s.init s.init s.init" do
    server = nil
    server = serve("s", init: ->(*) { EventMachine.stop_server(server) })
    later { clients(3) }
  end

  row "stop_server in a tick that lets clients connect", "tick", ours: "tick | s.init" do
    server = serve("s")
    later do
      tick("tick") do
        clients(1)
        EventMachine.stop_server(server)
      end
    end
  end

  row "stop_server in a timer, more waiting than a turn accepts", "10", ours: "30" do
    accepted = 0
    server = serve("s", init: ->(*) { accepted += 1 })
    later do
      clients(30)
      EventMachine.stop_server(server)
    end
    finally do
      @told.clear
      tell(accepted)
    end
  end

  row "EM.stop in a timer: what waits is accepted, and ended", "stop s.init s.init s.unbind s.unbind" do
    serve("s")
    later do
      clients(2)
      stop
    end
  end

  row "accepted with data that waits: the next turn", "s.init s.init | s.data(hi) s.data(hi)" do
    serve("s")
    later { clients(2).each { |socket| socket.write("hi") } }
  end

  row "accepted with data and an end that wait: a turn each",
      select: "s.init | s.data(hi) | s.unbind", epoll: "s.init | s.data(hi) s.unbind" do
    serve("s")
    later { clients(1).each { |socket| socket.write("hi") && socket.close } }
  end

  row "ten are accepted in a turn", "#{(["s.init"] * 10).join(" ")} | s.init s.init" do
    serve("s")
    later { clients(12) }
  end

  row "connection_count counts a server that is stopped until the turn ends", "1 tick 1 | tick 0" do
    server = serve("s")
    later do
      EventMachine.stop_server(server)
      tell(EventMachine.connection_count)
      tick("tick") do
        tell(EventMachine.connection_count)
        tick("tick") { tell(EventMachine.connection_count) }
      end
    end
  end
end
