# frozen_string_literal: true

Order.group "turns" do
  row "timers that are due at once: the order of their times, then that in which they were added", "1 2 3 4 5" do
    later do
      [[0.002, "3"], [0.001, "1"], [0.003, "5"], [0.001, "2"], [0.002, "4"]].each { |delay, word| timer(word, delay) }
      sleep(0.01)
    end
  end

  row "a timer of 0 in a timer waits for the next turn", "a c | b" do
    later do
      timer("a") { timer("b") }
      timer("c")
    end
  end

  row "a timer that another one cancels in the same turn is not called", "a c" do
    later do
      cancelled = nil
      timer("a") { EventMachine.cancel_timer(cancelled) }
      cancelled = EventMachine.add_timer(0) { tell("cancelled") }
      timer("c")
    end
  end

  row "a periodic timer of 0 is called once a turn", "p | p | p" do
    later do
      calls = 0
      periodic = EventMachine.add_periodic_timer(0) do
        tell("p")
        periodic.cancel if (calls += 1) == 3
      end
    end
  end

  row "a tick that a tick makes waits for the next turn", "1 2 | 1b 2b" do
    later { %w[1 2].each { |word| tick(word) { tick("#{word}b") } } }
  end

  row "results of deferred work come before ticks", "result tick1 tick2" do
    later do
      tick("tick1")
      EventMachine.defer(-> { 1 }, ->(_) { tell("result") })
      tick("tick2")
      results = EventMachine.instance_variable_get(:@resultqueue)
      Thread.pass while results.empty?
    end
  end

  row "a tick that a result makes runs in the same turn", "result tick" do
    later do
      EventMachine.defer(-> { 1 }, ->(_) { tell("result") && tick("tick") })
      results = EventMachine.instance_variable_get(:@resultqueue)
      Thread.pass while results.empty?
    end
  end

  row "schedule in the reactor's thread runs at once", "a scheduled b" do
    later do
      tell("a")
      EventMachine.schedule { tell("scheduled") }
      tell("b")
    end
  end

  row "what the block of EM.run makes", select: "run a.init | a.data(hi) tick timer",
                                        epoll: "run a.init | tick a.data(hi) timer" do
    tell("run")
    timer("timer")
    tick("tick")
    _, other = attach("a")
    other.write("hi")
  end

  row "what a timer makes", select: "a.init a.data(hi) tick | timer", epoll: "a.init tick a.data(hi) | timer" do
    later do
      timer("timer")
      tick("tick")
      _, other = attach("a")
      other.write("hi")
    end
  end

  row "what a tick makes", select: "1 a.init | timer a.data(hi) tick", epoll: "1 a.init | timer tick a.data(hi)" do
    later do
      tick("1") do
        timer("timer")
        tick("tick")
        _, other = attach("a")
        other.write("hi")
      end
    end
  end

  row "what receive_data makes", select: "d.data(go) a.init | timer a.data(hi) tick",
                                 epoll: "d.data(go) a.init | timer tick a.data(hi)" do
    _, go = attach("d", data: lambda { |*|
      timer("timer")
      tick("tick")
      _, other = attach("a")
      other.write("hi")
    })
    later { go.write("go") }
  end

  row "what unbind makes", select: "d.unbind a.init | timer a.data(hi) tick",
                           epoll: "d.unbind a.init | timer tick a.data(hi)" do
    _, go = attach("d", unbind: lambda { |*|
      timer("timer")
      tick("tick")
      _, other = attach("a")
      other.write("hi")
    })
    later { go.close }
  end

  row "all that is ready at once", select: "c.init s.init d.data(hi) w.readable c.conn tick e.unbind | timer",
                                   epoll: "c.init tick s.init d.data(hi) c.conn w.readable e.unbind | timer",
                                   ours: "c.init c.conn s.init d.data(hi) w.readable tick e.unbind | timer" do
    listener
    serve("s")
    _, data = attach("d")
    watched, word = watch("w", readable: ->(w, _) { w.notify_readable = false })
    _, ended = attach("e")
    later do
      connect("c")
      tick("tick")
      timer("timer")
      clients(1)
      data.write("hi")
      word.write("hi")
      watched.notify_readable = true
      ended.close
    end
  end
end
