# frozen_string_literal: true

# Whether two sends are one write is seen by a socket that keeps records (SEQPACKET); the order of writes to
# several connections, by one socket that receives all of them (DGRAM).
module Order
  class Scene
    def attach_all(*names)
      receiver = Socket.new(:UNIX, :DGRAM).tap { |socket| socket.bind(Addrinfo.unix(path("receiver"))) }
      connections = names.to_h do |name|
        socket, = keep(Socket.new(:UNIX, :DGRAM))
        socket.connect(receiver.local_address)
        [name, EventMachine.attach(socket, EventMachine::Connection)]
      end
      [connections, receiver]
    end

    def tell_records(socket)
      records = []
      while (record = socket.recv_nonblock(1000, exception: false)).is_a?(String) && !record.empty?
        records << record
      end
      tell(records.join("+"))
    end
  end

  group "writing" do
    row "the order of creation, which is that of the sends", select: "1+2+3", epoll: nil do
      all, receiver = attach_all("1", "2", "3")
      later { %w[1 2 3].each { |name| all[name].send_data(name) } }
      finally { tell_records(receiver) }
    end

    row "sends in another order than that of creation", select: "1+2+3", epoll: nil, ours: "3+1+2" do
      all, receiver = attach_all("1", "2", "3")
      later { %w[3 1 2].each { |name| all[name].send_data(name) } }
      finally { tell_records(receiver) }
    end

    row "one that is closed does not overtake those that were sent to before", select: "1+2+3", epoll: nil do
      all, receiver = attach_all("1", "2", "3")
      later do
        %w[1 2 3].each { |name| all[name].send_data(name) }
        all["3"].close_connection
      end
      finally { tell_records(receiver) }
    end

    row "two connections in turns are written to once each", select: "ac+bd", epoll: nil do
      all, receiver = attach_all("1", "2")
      later { [%w[1 a], %w[2 b], %w[1 c], %w[2 d]].each { |name, data| all[name].send_data(data) } }
      finally { tell_records(receiver) }
    end

    row "a paused connection is written to when it resumes", "2+1" do
      all, receiver = attach_all("1", "2")
      later do
        all["1"].pause
        %w[1 2].each { |name| all[name].send_data(name) }
        in_turns(2) { all["1"].resume }
      end
      finally { tell_records(receiver) }
    end

    row "a timer's sends, and those of a tick that it makes", select: "tick A+B", epoll: "tick AB" do
      a, other = attach("a", :SEQPACKET)
      later do
        a.send_data("A")
        tick("tick") { a.send_data("B") }
      end
      finally { tell_records(other) }
    end

    row "receive_data's sends, and those of a tick that it makes", select: "d.data(hi) | tick A+B",
                                                                   epoll: "d.data(hi) | tick AB" do
      a, records = attach("a", :SEQPACKET)
      _, other = attach("d", data: lambda { |*|
        a.send_data("A")
        tick("tick") { a.send_data("B") }
      })
      later { other.write("hi") }
      finally { tell_records(records) }
    end

    row "two ticks of one turn", "tick tick AB" do
      a, records = attach("a", :SEQPACKET)
      later { %w[A B].each { |data| tick("tick") { a.send_data(data) } } }
      finally { tell_records(records) }
    end

    row "a tick and a tick that it makes", select: "tick | tick A+B", epoll: "tick | tick AB" do
      a, records = attach("a", :SEQPACKET)
      later do
        tick("tick") do
          a.send_data("A")
          tick("tick") { a.send_data("B") }
        end
      end
      finally { tell_records(records) }
    end

    row "two callbacks that send to a third connection", "b.data(hi) c.data(hi) BC" do
      a, records = attach("a", :SEQPACKET)
      others = %w[b c].map { |name| attach(name, data: ->(*) { a.send_data(name.upcase) }).last }
      later { others.each { |other| other.write("hi") } }
      finally { tell_records(records) }
    end
  end
end
