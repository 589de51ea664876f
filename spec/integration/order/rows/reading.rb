# frozen_string_literal: true

module Order
  class Scene
    def datagrams(**does)
      connection = EventMachine.open_datagram_socket("127.0.0.1", 0, Speaker, self, "u", does)
      sender, = keep(UDPSocket.new)
      sender.connect(*Socket.unpack_sockaddr_in(connection.get_sockname).reverse)
      later { %w[1 2 3].each { |data| sender.send(data, 0) } }
    end

    # Types on the keyboard, and tells what is left for the next reader of it.
    def type(text, **does)
      reader, writer = keep(*IO.pipe)
      $stdin.reopen(reader)
      EventMachine.open_keyboard(Speaker, self, "k", does)
      later { writer.write(text) }
      finally do
        $stdin.reopen(File::NULL)
        left = reader.read_nonblock(100, exception: false)
        tell("left(#{left if left.is_a?(String)})")
      end
    end
  end
end

Order.group "reading" do
  row "another's receive_data pauses one whose data waits", "a.data(1) b.data(1)", ours: "a.data(1) | b.data(1)" do
    b = nil
    _, first = attach("a", data: ->(*) { b.pause && timer("|") { b.resume } })
    b, second = attach("b")
    later { [first, second].each { |other| other.write("1") } }
  end

  row "another's receive_data closes one whose data waits, after writing", "a.data(1) b.data(1) b.unbind",
      ours: "a.data(1) b.data(1) | b.unbind" do
    b = nil
    _, first = attach("a", data: ->(*) { b.close_connection_after_writing })
    b, second = attach("b")
    later { [first, second].each { |other| other.write("1") } }
  end

  row "another's receive_data closes one that is at its end", "a.data(1) b.unbind" do
    b = nil
    _, first = attach("a", data: ->(*) { b.close_connection })
    b, second = attach("b")
    later do
      first.write("1")
      second.close
    end
  end

  row "another's receive_data stops the reactor", "a.data(1) stop b.data(1) a.unbind b.unbind" do
    _, first = attach("a", data: ->(*) { stop })
    _, second = attach("b")
    later { [first, second].each { |other| other.write("1") } }
  end

  row "another's receive_data closes one whose data waits", "a.data(1) b.data(1) b.unbind",
      ours: "a.data(1) b.unbind" do
    b = nil
    _, first = attach("a", data: ->(*) { b.close_connection })
    b, second = attach("b")
    later { [first, second].each { |other| other.write("1") } }
  end

  row "the first of three datagrams closes", "u.data(1) u.data(2) u.data(3) u.unbind",
      ours: "u.data(1) u.unbind" do
    datagrams(data: ->(u, _) { u.close_connection })
  end

  row "the first of three datagrams stops the reactor", "u.data(1) stop u.data(2) u.data(3) u.unbind" do
    datagrams(data: ->(_, data) { stop if data == "1" })
  end

  row "a watch that is ready both ways", select: "w.writable w.readable", epoll: "w.readable w.writable",
                                         ours: "w.readable w.writable" do
    watched, other = watch("w", readable: ->(w, _) { w.notify_readable = false },
                                writable: ->(w, _) { w.notify_writable = false })
    later do
      other.write("hi")
      watched.notify_readable = true
      watched.notify_writable = true
    end
  end

  row "close_connection in a line that is typed leaves the rest of it", "k.data(a) | k.data(b) k.unbind left(c)" do
    type("abc", data: ->(k, data) { k.close_connection if data == "b" })
  end

  row "EM.stop in a line that is typed leaves the rest of it", "k.data(a) | k.data(b) stop k.unbind left(c)" do
    type("abc", data: ->(_, data) { stop if data == "b" })
  end
end
