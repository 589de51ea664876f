# frozen_string_literal: true

RSpec.describe "The tables of what goes by a signature" do
  let(:log) { [] }

  # A client whose connection is refused. It records the reason.
  def refused(&body)
    em { EventMachine.connect("127.0.0.1", free_port, Class.new(EventMachine::Connection, &body)) }
    log
  end

  it "have unbind called without a reason where it takes none" do
    seen = log
    told = refused do
      define_method(:unbind) do
        seen << :unbound
        EventMachine.stop
      end
    end
    expect(told).to eq([:unbound])
  end

  it "have unbind called where it is private, too" do
    seen = log
    told = refused do
      define_method(:unbind) do |reason|
        seen << reason
        EventMachine.stop
      end
      private :unbind
    end
    expect(told).to eq([Errno::ECONNREFUSED])
  end

  it "let go of a connection whose unbind is not defined" do
    EventMachine.error_handler do |error|
      log << error.class
      EventMachine.next_tick do
        log << EventMachine.connection_count << state(:@conns).size
        done
      end
    end
    expect(refused { undef_method :unbind }).to eq([NoMethodError, 0, 0])
  end

  it "let go of a server that is stopped, at once" do
    em do
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      EventMachine.stop_server(EventMachine.start_server("127.0.0.1", 0))
      EventMachine.add_timer(0.02) do
        log << state(:@acceptors).size << (Process.clock_gettime(Process::CLOCK_MONOTONIC) - start)
        done
      end
    end
    expect(log).to match([0, be < 0.9])
  end

  it "make an error of data for a connection that they do not have" do
    log_and_put_back(:@conns)
    entries = log
    client = Class.new(EventMachine::Connection) do
      define_method(:connection_completed) do
        conns = EventMachine.instance_variable_get(:@conns)
        entries << [signature, conns.delete(signature)]
      end
    end
    em do
      EventMachine.start_server("127.0.0.1", port = free_port, Module.new { def post_init = send_data("x") })
      EventMachine.connect("127.0.0.1", port, client)
    end
    expect(log.last).to be(EventMachine::ConnectionNotBound)
  end

  it "make an error of a connection to a server that they do not have" do
    log_and_put_back(:@acceptors)
    em do
      signature = EventMachine.start_server("127.0.0.1", port = free_port)
      log << [signature, state(:@acceptors).delete(signature)]
      EventMachine.connect("127.0.0.1", port)
    end
    expect(log.last).to be(EventMachine::NoHandlerForAcceptedConnection)
  end

  # Records an error, and restores what was removed from a table, because its end is awaited.
  def log_and_put_back(name)
    EventMachine.error_handler do |error|
      state(name).store(*log.first)
      log << error.class
      done
    end
  end
end
