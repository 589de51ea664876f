# frozen_string_literal: true

# Everything at once: an accept, two connections with data, ticks, a timer. EM.stop lets the turn go on to its
# end, and nothing of the next one begins.
module Order
  class Scene
    def everything(stop_in)
      act = ->(place) { stop if place == stop_in }
      serve("s", init: ->(*) { act[:init] })
      others = %w[a b].map { |name| attach(name, data: ->(*) { act[name.to_sym] }).last }
      later do
        clients(1)
        others.each { |other| other.write("1") }
        timer("timer")
        tick("tick1") { act[:tick] && tick("never") }
        tick("tick2")
        act[:timer]
      end
    end
  end

  group "stopping" do
    told = "s.init a.data(1) b.data(1) tick1 tick2"
    row "the order of a turn", "#{told} | timer" do
      everything(:nothing)
    end

    # Upstream ends what was accepted in the last turn first.
    row "EM.stop in a timer", "stop #{told} s.unbind a.unbind b.unbind",
        ours: "stop #{told} a.unbind b.unbind s.unbind" do
      everything(:timer)
    end

    { init: "s.init", a: "a.data(1)", b: "b.data(1)", tick: "tick1" }.each do |place, word|
      stopped = told.sub(word, "#{word} stop")
      row "EM.stop in #{word}", "#{stopped} s.unbind a.unbind b.unbind",
          ours: "#{stopped} a.unbind b.unbind s.unbind" do
        everything(place)
      end
    end

    row "shutdown hooks, the last one first, then unbinds", "stop hook2 hook1 a.unbind" do
      %w[hook1 hook2].each { |word| EventMachine.add_shutdown_hook { tell(word) } }
      attach("a")
      later { stop }
    end

    row "unbinds at the end, in order of creation", "stop a.unbind c.unbind w.unbind d.unbind" do
      listener
      attach("a")
      connect("c")
      watch("w")
      attach("d")
      later { stop }
    end

    {
      "connects" => ->(scene) { scene.connect("n") },
      "attaches" => ->(scene) { scene.attach("n") },
      "opens a process" => ->(scene) { EventMachine.popen("true", Speaker, scene, "n", {}) }
    }.each do |what, act|
      row "unbind at the end that #{what}", "stop a.unbind n.init b.unbind" do
        listener
        attach("a", unbind: ->(*) { act[self] })
        attach("b")
        later { stop }
      end
    end

    row "unbind at the end that connects anew", "stop a.unbind b.unbind" do
      listener
      attach("a", unbind: ->(a, _) { a.reconnect(path("listener"), nil) })
      attach("b")
      later { stop }
    end

    row "unbind at the end that asks for more", "stop a.unbind b.unbind" do
      attach("a", unbind: lambda { |*|
        tick("never")
        timer("never")
      })
      attach("b")
      later { stop }
    end

    row "send_data and EM.stop in a timer", "stop a.unbind peer(bye)" do
      a, other = attach("a")
      later do
        a.send_data("bye")
        stop
      end
      finally { tell_peer(other) }
    end

    row "send_data and EM.stop in a tick", "tick stop a.unbind peer()", ours: "tick stop a.unbind peer(bye)" do
      a, other = attach("a")
      later do
        tick("tick") do
          a.send_data("bye")
          stop
        end
      end
      finally { tell_peer(other) }
    end
  end
end
