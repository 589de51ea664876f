# frozen_string_literal: true

RSpec.describe "Forks and fibers" do
  # What the child sends through a pipe; the parent's fiber waits for it.
  def from_child
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      writer << yield.inspect
    rescue Exception => error
      writer << "#{error.class}: #{error.message}"
    ensure
      exit!(0)
    end
    writer.close
    reader.read.tap { Process.wait(pid) }
  end

  it "leaves the child without a scheduler, and its fiber blocking" do
    got = in_fiber {
      from_child {
        sleep 0
        [EventMachine.reactor_running?, Fiber.scheduler, EventMachine.tasks]
      }
    }
    expect(got).to eq("[false, nil, []]")
  end

  it "lets the child run loops and fibers of its own" do
    got = in_fiber do
      from_child {
        EventMachine.main {
          EventMachine.fiber {
            sleep 0
            TCPServer.new("127.0.0.1", 0).class
          }.await
        }
      }
    end
    expect(got).to eq("TCPServer")
  end

  it "runs none of the parent's fibers in the child, and all in the parent" do
    got = in_fiber do
      runs = []
      others = Array.new(3) {
        EventMachine.fiber {
          5.times {
            sleep 0
            runs << Process.pid
          }
        }
      }
      in_child = from_child {
        em { EventMachine.fiber { settle(10) }.callback { done } }
        runs.uniq - [Process.ppid]
      }
      EventMachine.gather(*others)
      [in_child, runs.uniq == [Process.pid], runs.size]
    end
    expect(got).to eq(["[]", true, 15])
  end

  it "has the child wait for none of the parent's streams, which stay as they are" do
    near, far = UNIXSocket.pair
    got = in_fiber do
      stream = EventMachine.attach(near, EventMachine::Stream)
      in_child = from_child {
        EventMachine.main {
          attempts = [-> { stream.read(1) }, -> { stream.gets }, -> { stream.write("x") }, -> { stream.flush }]
          messages = attempts.map { |attempt| attempt.call && nil rescue $!.message }
          [stream.closed?, stream.close, *messages.uniq]
        }
      }
      far.write("still")
      [in_child, stream.readpartial(10), stream.closed?]
    end
    expect(got).to eq(['[true, nil, "the connection belongs to the parent process"]', "still", false])
  end

  it "leaves the parent's waits in the system's queue when the child closes everything" do
    got = in_fiber do
      reader, writer = IO.pipe
      reading = EventMachine.fiber { reader.readpartial(10) }
      settle
      from_child {
        reader.close
        writer.close
        true
      }
      writer << "still"
      reading.await
    end
    expect(got).to eq("still")
  end

  it "keeps a scheduler with a loop of its own from the child" do
    got = standalone {
      from_child {
        sleep 0
        Fiber.scheduler
      }
    }
    expect(got).to eq("nil")
  end
end
