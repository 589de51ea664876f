# frozen_string_literal: true

# Random schedules of pipes, queues, sleeps and cancels, each held against what must come of it whatever the
# order: all that was sent is received once and in order, unless its receiver was cancelled, and nothing is left
# of any wait. FIBER_SCHEDULES says how many.
RSpec.describe "Random schedules of fibers", time_limit: 600 do
  # One schedule: producers send numbers to consumers by some means; some consumers are cancelled.
  schedule = Class.new do
    def initialize(random)
      @random = random
      @lanes = Array.new(random.rand(1..3)) { lane }
    end

    # Runs it, and returns what is wrong.
    def faults
      @lanes.each { |lane| lane[:received] = [] }
      tasks = @lanes.shuffle(random: @random).flat_map { |lane|
        [consumer(lane), producer(lane)].shuffle(random: @random)
      }
      victims = @lanes.select { |lane| lane[:cancelled] }
      pause
      victims.each { |lane| lane[:consumer].cancel }
      tasks.each { |task| outcome_of(task) }
      @lanes.filter_map { |lane| fault(lane) }
    end

    private

    def lane
      kind = %i[queue sized_queue pipe em_queue][@random.rand(4)]
      { kind: kind, count: @random.rand(1..4), cancelled: @random.rand(4).zero?, **means(kind) }
    end

    def means(kind)
      case kind
      when :queue then { queue: Thread::Queue.new }
      when :sized_queue then { queue: Thread::SizedQueue.new(1) }
      when :em_queue then { queue: EventMachine::Queue.new }
      when :pipe then IO.pipe.then { |reader, writer| { reader: reader, writer: writer } }
      end
    end

    def producer(lane)
      EventMachine.fiber do
        lane[:count].times do |number|
          pause
          lane[:writer] ? lane[:writer].write(number.chr) : send_by(lane, number)
        end
      rescue Errno::EPIPE
        raise unless lane[:cancelled]
      ensure
        lane[:writer]&.close
      end
    end

    # A full queue whose consumer is gone is nobody's to wait for.
    def send_by(lane, number)
      return lane[:queue].push(number) unless lane[:kind] == :sized_queue && lane[:cancelled]

      lane[:queue].push(number, true)
    rescue ThreadError
      nil
    end

    def consumer(lane)
      lane[:consumer] = EventMachine.fiber do
        lane[:count].times do
          pause
          lane[:received] << receive(lane)
        end
      ensure
        lane[:reader]&.close
      end
    end

    def receive(lane)
      case lane[:kind]
      when :pipe then lane[:reader].readpartial(1).ord
      when :em_queue then lane[:queue].take
      else lane[:queue].pop
      end
    end

    def pause
      case @random.rand(6)
      when 0 then sleep 0
      when 1 then sleep(@random.rand * 0.0002)
      when 2 then Fiber.new { sleep 0 }.resume
      end
    end

    def outcome_of(task)
      EventMachine.await(task, 5)
    rescue EventMachine::TaskCancelled
      nil
    end

    # What does not fit into a full queue of a consumer that may be gone is left out.
    def in_order?(lane, received)
      return received == received.sort.uniq if lane[:kind] == :sized_queue

      received == (0...received.size).to_a
    end

    def fault(lane)
      expected = (0...lane[:count]).to_a
      received = lane[:received]
      right = lane[:cancelled] ? in_order?(lane, received) : expected == received
      "#{lane[:kind]}: #{received} of #{expected}#{' (cancelled)' if lane[:cancelled]}" unless right
    end
  end

  count = Integer(ENV.fetch("FIBER_SCHEDULES", 5_000))

  it "come out as they must, #{count} of them" do
    seed = RSpec.configuration.seed
    random = Random.new(seed)
    faults = in_fiber(600) do
      count.times.flat_map do |round|
        faults = schedule.new(random).faults
        settle
        left = counts.slice(:waits, :by_fiber, :queued, :alarms, :pending, :reactor_waits).reject { |_, n| n.zero? }
        faults << "left after round #{round}: #{left}" if left.any?
        break faults if faults.any?

        []
      end
    end
    expect(faults).to be_empty, "seed #{seed}: #{faults.join('; ')}"
  end
end
