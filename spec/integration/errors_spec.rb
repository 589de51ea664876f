# frozen_string_literal: true

RSpec.describe "Exceptions" do
  let(:log) { [] }
  let(:failure) { Class.new(StandardError) }

  def raising(method, error)
    Module.new { define_method(method) { |*| raise error, method.to_s } }
  end

  def connect_pair(server, client = nil)
    port = free_port
    EventMachine.start_server("127.0.0.1", port, server)
    EventMachine.connect("127.0.0.1", port, client) { |connection| yield connection if block_given? }
  end

  # Ways to raise an exception in the reactor.
  def self.sources
    {
      "the first block" => -> { raise failure, "start" },
      "a timer" => -> { EventMachine.add_timer(0) { raise failure } },
      "a periodic timer" => -> { EventMachine.add_periodic_timer(0.01) { raise failure } },
      "a tick" => -> { EventMachine.next_tick { raise failure } },
      "an operation without errback" => -> { EventMachine.defer { raise failure } },
      "a callback of defer" => -> { EventMachine.defer(-> { 1 }, ->(_) { raise failure }) },
      "an errback of defer" => -> { EventMachine.defer(-> { raise "x" }, nil, ->(_) { raise failure }) },
      "initialize of a client" => -> { connect_pair(nil, raising(:initialize, failure)) },
      "post_init of a client" => -> { connect_pair(nil, raising(:post_init, failure)) },
      "post_init of a server" => -> { connect_pair(raising(:post_init, failure)) },
      "connection_completed" => -> { connect_pair(nil, raising(:connection_completed, failure)) },
      "receive_data" => -> { connect_pair(raising(:receive_data, failure)) { |c| c.send_data("x") } },
      "unbind" => -> { connect_pair(raising(:unbind, failure), &:close_connection_after_writing) }
    }
  end

  # Ruby tells of an exception that ends a thread, wherever it goes afterwards.
  around do |example|
    reporting = Thread.report_on_exception
    Thread.report_on_exception = false
    example.run
  ensure
    Thread.report_on_exception = reporting
  end

  sources.each do |place, source|
    it "from #{place} leave EventMachine.run, after the hooks and the unbinds" do
      entries = log
      expect do
        em do
          EventMachine.start_server("127.0.0.1", port = free_port)
          bystander = Module.new { define_method(:unbind) { entries << :unbind } }
          EventMachine.connect("127.0.0.1", port, bystander)
          EventMachine.add_shutdown_hook { log << :hook }
          instance_exec(&source)
        end
      end.to raise_error(failure)
      expect(log).to eq(%i[hook unbind])
      expect(EventMachine.reactor_running?).to be(false)
    end
  end

  # The first block raises, so the rest of it does not run; an exception of a thread is not a callback's.
  handled = sources.except("the first block", "initialize of a client", "post_init of a client",
                           "an operation without errback")
  handled.each do |place, source|
    it "from #{place} go to the error handler, and the loop goes on" do
      EventMachine.error_handler do |error|
        log << error.class
        EventMachine.add_timer(0.02) { done } if log.size == 1
      end
      em { instance_exec(&source) }
      expect(log.uniq).to eq([failure])
    end
  end

  it "from an operation without errback pass the error handler by" do
    EventMachine.error_handler { |error| log << error }
    expect { em { EventMachine.defer { raise failure } } }.to raise_error(failure)
    expect(log).to be_empty
  ensure
    EventMachine.error_handler
  end

  it "from an operation without errback do not wait for the callback that is running" do
    expect do
      em do
        EventMachine.defer { raise failure }
        nil until false
      end
    end.to raise_error(failure)
    expect(EventMachine.reactor_running?).to be(false)
  end

  it "from an operation without errback come up in the main thread, wherever the reactor runs" do
    output, = run_ruby(<<~RUBY)
      Thread.report_on_exception = false
      reactor = Thread.new { EventMachine.run { EventMachine.defer { raise "boom" } } }
      begin
        reactor.join
      rescue RuntimeError => e
        puts e.message, reactor.alive?
      end
    RUBY
    expect(output).to eq("boom\ntrue\n")
  end

  it "leave nothing behind" do
    sources = self.class.sources.values
    run_all = lambda do
      sources.each { |source| expect { em { instance_exec(&source) } }.to raise_error(failure) }
    end
    run_all.call
    expect(&run_all).not_to leak_descriptors
  end

  it "are the first that was raised, whatever is raised on the way out" do
    expect do
      em do
        connect_pair(raising(:unbind, failure), raising(:unbind, failure))
        EventMachine.add_shutdown_hook { raise failure, "hook" }
        EventMachine.add_timer(0.02) { raise failure, "first" }
      end
    end.to raise_error(failure, "first")
  end

  it "from one unbind do not keep others from theirs" do
    entries = log
    bystander = Module.new { define_method(:unbind) { entries << :unbind } }
    expect do
      em do
        EventMachine.start_server("127.0.0.1", port = free_port)
        EventMachine.connect("127.0.0.1", port, bystander)
        EventMachine.connect("127.0.0.1", port, raising(:unbind, failure))
        EventMachine.connect("127.0.0.1", port, bystander)
        done
      end
    end.to raise_error(failure)
    expect(log).to eq(%i[unbind unbind])
  end

  it "from the block of a server do not keep its connection from its unbind" do
    entries = log
    handler = Module.new { define_method(:unbind) { (entries << :unbind) && EventMachine.stop } }
    EventMachine.error_handler { |error| entries << error.class }
    em do
      EventMachine.start_server("127.0.0.1", port = free_port, handler) { raise failure }
      EventMachine.connect("127.0.0.1", port)
    end
    expect(log).to eq([failure, :unbind])
  end

  it "from the unbind of an attached IO do not keep it from being closed" do
    reader, writer = IO.pipe
    EventMachine.error_handler { EventMachine.stop }
    em do
      EventMachine.attach(reader, raising(:unbind, failure))
      writer.close
    end
    expect(reader).to be_closed
  end

  it "from a hook do not keep the reactor from stopping" do
    expect do
      em do
        EventMachine.add_shutdown_hook { log << :other }
        EventMachine.add_shutdown_hook { raise failure, "hook" }
        done
      end
    end.to raise_error(failure, "hook")
    expect(log).to eq([:other])
    em { (log << :again) && done }
    expect(log).to eq(%i[other again])
  end

  it "from the error handler itself leave EventMachine.run" do
    EventMachine.error_handler { raise failure, "handler" }
    expect { em { EventMachine.next_tick { raise "first" } } }.to raise_error(failure, "handler")
  end

  it "that are no StandardError pass the error handler by" do
    EventMachine.error_handler { |error| log << error }
    [Exception, Interrupt, SystemExit].each do |error|
      expect { em { EventMachine.next_tick { raise error } } }.to raise_error(error)
    end
    expect(log).to be_empty
  end

  it "from one tick do not cost the others" do
    EventMachine.error_handler { |error| log << error.message }
    em do
      EventMachine.next_tick { raise "first" }
      EventMachine.next_tick { log << :second }
      EventMachine.next_tick { raise "third" }
      EventMachine.next_tick { done }
    end
    expect(log).to eq(["first", :second, "third"])
  end

  it "can be thrown past EventMachine.run" do
    result = catch(:over) do
      em do
        EventMachine.add_shutdown_hook { log << :hook }
        EventMachine.next_tick { throw :over, :thrown }
      end
    end
    expect(result).to eq(:thrown)
    expect(log).to eq([:hook])
    expect(EventMachine.reactor_running?).to be(false)
  end

  it "reach the reactor's thread from other threads" do
    thread = Thread.new do
      Thread.current.report_on_exception = false
      EventMachine.run { log << :running }
    end
    wait_until { log.any? }
    thread.raise(failure, "from outside")
    expect { thread.join }.to raise_error(failure, "from outside")
    expect(EventMachine.reactor_running?).to be(false)
  end

  it "are not needed to end the reactor's thread" do
    thread = Thread.new { EventMachine.run { EventMachine.add_shutdown_hook { log << :hook } } }
    wait_until { EventMachine.reactor_running? && state(:@tails).any? }
    thread.kill
    thread.join
    expect(log).to eq([:hook])
    expect(EventMachine.reactor_running?).to be(false)
  end

  describe "EventMachine.error_handler" do
    it "returns the handler set, and the one removed" do
      handler = proc {}
      expect(EventMachine.error_handler(&handler)).to equal(handler)
      expect(EventMachine.error_handler(nil)).to equal(handler)
      expect(EventMachine.error_handler(nil)).to be_nil
    end

    it "takes anything that can be called" do
      EventMachine.error_handler(->(error) { (log << error.message) && done })
      em { EventMachine.next_tick { raise "x" } }
      expect(log).to eq(["x"])
    end
  end
end
