# frozen_string_literal: true

require "open3"

# Worker processes that share a port.
RSpec.describe "A cluster", time_limit: 30 do
  # Runs a program with a cluster of two on a port, which prints what its workers say.
  def with_cluster(handler, arguments = "2")
    port = free_port
    script = <<~RUBY
      $stdout.sync = true
      handler = Module.new { #{handler} }
      EventMachine.cluster(#{arguments}) do |index|
        EventMachine.start_server("127.0.0.1", #{port}, handler)
        puts "worker \#{index} \#{Process.pid}"
      end
      puts "over"
    RUBY
    command = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", script]
    Open3.popen2e(*command, pgroup: true) do |_, output, process|
      yield port, output, process
    ensure
      Process.kill(:KILL, -process.pid) rescue nil
    end
  end

  def worker(output)
    line = output.gets until line&.start_with?("worker")
    line.split.last(2).map(&:to_i)
  end

  it "serves one port, replaces who dies, and ends when it is told to" do
    handler = "def post_init = send_data(Process.pid.to_s) && close_connection_after_writing"
    with_cluster(handler) do |port, output, process|
      pids = Array.new(2) { worker(output).last }
      answering = []
      answering |= [TCPSocket.open("127.0.0.1", port, &:read).to_i] until answering.size == 2
      expect(answering).to match_array(pids)
      Process.kill(:KILL, pids.first)
      expect(output.gets).to match(/\AEventMachine: worker \d \(#{pids.first}\) has ended: .*SIGKILL/)
      expect(worker(output).last).not_to eq(pids.first)
      Process.kill(:TERM, process.pid)
      expect(output.gets).to eq("over\n")
      expect(process.value).to be_success
    end
  end

  it "lets connections end, for as long as the grace is" do
    with_cluster("def receive_data(data) = send_data(data)", "1, grace: 20") do |port, output, process|
      worker(output)
      socket = TCPSocket.new("127.0.0.1", port)
      socket.write("one")
      socket.readpartial(3)
      Process.kill(:TERM, process.pid)
      # Nobody listens any more.
      sleep 0.002 while (TCPSocket.new("127.0.0.1", port).close || true rescue false)
      socket.write("two")
      expect(socket.readpartial(3)).to eq("two")
      socket.close
      expect(output.gets).to eq("over\n")
    end
  end

  it "kills those that do not end" do
    handler = "def receive_data(_) = puts('busy') || loop { sleep }"
    with_cluster(handler, "1, grace: 0.05") do |port, output, process|
      worker(output)
      socket = TCPSocket.new("127.0.0.1", port).tap { |it| it.write("one") }
      expect(output.gets).to eq("busy\n")
      Process.kill(:TERM, process.pid)
      expect(output.gets).to eq("over\n")
      socket.close
    end
  end

  it "needs a size, a block, and no reactor yet" do
    expect { EventMachine.cluster(0) { nil } }.to raise_error(ArgumentError, /1: 0/)
    expect { EventMachine.cluster("two") { nil } }.to raise_error(TypeError, /"two"/)
    expect { EventMachine.cluster(2, grace: -1) { nil } }.to raise_error(ArgumentError, /-1/)
    expect { EventMachine.cluster(2, grace: nil) { nil } }.to raise_error(TypeError, /nil/)
    expect { EventMachine.cluster(2) }.to raise_error(ArgumentError, /block/)
    em do
      expect { EventMachine.cluster(2) { nil } }.to raise_error(RuntimeError, /before the reactor/)
      done
    end
  end
end
