# frozen_string_literal: true

# What names a thing names no other: signatures, addresses, descriptors. See paths_spec.rb, too.
RSpec.describe "Identity" do
  let(:log) { [] }

  describe "of signatures" do
    # One of each kind that has a signature.
    def open_each_kind
      [EventMachine.start_server("127.0.0.1", 0), EventMachine.attach(kept(UNIXSocket.pair).first).signature,
       EventMachine.watch(kept(IO.pipe).first).signature, EventMachine.open_datagram_socket("127.0.0.1", 0).signature,
       EventMachine.connect("127.0.0.1", free_port).signature, EventMachine.popen("true").signature,
       EventMachine.watch_file(__FILE__).signature, EventMachine.watch_process(Process.ppid).signature]
    end

    it "has timers and descriptors apart, and cancel_timer cancel nothing but timers" do
      em do
        timers = Array.new(50) { |number| EventMachine.add_timer(0.001) { log << number } }
        others = open_each_kind
        log << (timers & others) << [timers, others].flatten.uniq.size
        others.each { |signature| EventMachine.cancel_timer(signature) }
        EventMachine.add_timer(0.002) { done }
      end
      expect(log).to eq([[], 58, *0...50])
    end

    it "has stop_server, unwatch_filename and unwatch_pid refuse a timer's, which still fires" do
      em do
        timer = EventMachine.add_timer(0.001) { (log << :fired) && done }
        %i[stop_server unwatch_filename unwatch_pid].each do |name|
          expect { EventMachine.send(name, timer) }.to raise_error(StandardError)
        end
      end
      expect(log).to eq([:fired])
    end

    it "has no signature come back within many" do
      signatures = []
      em do
        300.times do
          near, = UNIXSocket.pair
          signatures << EventMachine.add_timer(60) { nil }
          signatures << EventMachine.attach(near).tap(&:close_connection).signature
        end
        done
      end
      expect(signatures.uniq.size).to eq(600)
    end
  end

  describe "of datagram sockets' addresses" do
    it "has sockets with SO_REUSEADDR share one" do
      em do
        first = EventMachine.open_datagram_socket("0.0.0.0", 0)
        port = port_of(first.signature)
        log << first.get_sock_opt(Socket::SOL_SOCKET, Socket::SO_REUSEADDR).unpack1("i")
        second = EventMachine.open_datagram_socket("0.0.0.0", port)
        log << (port_of(second.signature) == port)
        done
      end
      expect(log).to eq([1, true])
    end

    it "lets one be opened again at once" do
      em do
        first = EventMachine.open_datagram_socket("127.0.0.1", 0)
        port = port_of(first.signature)
        first.close_connection
        log << (port_of(EventMachine.open_datagram_socket("127.0.0.1", port).signature) == port)
        done
      end
      expect(log).to eq([true])
    end
  end

  describe "of a descriptor that is watched twice" do
    def notified(name, entries, &act)
      Module.new do
        define_method(:notify_readable) { (entries << name) && instance_exec(&act || -> {}) }
        define_method(:notify_writable) { (entries << name) && (self.notify_writable = false) }
        define_method(:unbind) { entries << [name, :unbind] }
      end
    end

    def watch(io, name, &act)
      EventMachine.watch(io, notified(name, log, &act)) { |connection| connection.notify_readable = true }
    end

    it "has both told" do
      reader, writer = IO.pipe
      em do
        watch(reader, :first)
        watch(reader, :second)
        writer.write("x")
        after_turns { done }
      end
      expect(log.first(2)).to contain_exactly(:first, :second)
    end

    it "has one told after the other is detached, whichever" do
      [0, 1].each do |gone|
        log.clear
        reader, writer = IO.pipe
        em do
          watches = [watch(reader, :first), watch(reader, :second)]
          watches[gone].detach
          after_turns do
            writer.write("x")
            after_turns { done }
          end
        end
        expect(log.first).to eq([%i[first second][gone], :unbind])
        expect(log[1..-2].uniq).to eq([%i[second first][gone]])
      end
    end

    it "has each told what it asked for" do
      near, far = UNIXSocket.pair
      em do
        EventMachine.watch(near, notified(:reads, log)) { |connection| connection.notify_readable = true }
        EventMachine.watch(near, notified(:writes, log)) { |connection| connection.notify_writable = true }
        after_turns { far.write("x") && after_turns { done } }
      end
      expect(log.first).to eq(:writes)
      expect(log).to include(:reads)
    end

    it "leaves it open to its owner" do
      reader, writer = IO.pipe
      em do
        2.times { watch(reader, :any) }
        done
      end
      writer.write("x")
      expect(reader.read_nonblock(1)).to eq("x")
    end
  end
end
