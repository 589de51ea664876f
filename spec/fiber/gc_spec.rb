# frozen_string_literal: true

RSpec.describe "Fibers and the garbage collector", time_limit: 60 do
  script = <<~RUBY
    require "timeout"
    work = lambda do
      near, far = UNIXSocket.pair
      left, right = UNIXSocket.pair
      queue = Thread::Queue.new
      tasks = [EM.fiber { near.write("ping"); near.readpartial(10) },
               EM.fiber { far.write(far.readpartial(10).upcase) },
               EM.fiber { EM.attach(left, EM::Stream).then { |stream| stream.write(stream.readpartial(9)) } },
               EM.fiber { right.write("pong"); right.readpartial(9) },
               EM.fiber { queue.pop }, EM.fiber { sleep 0.001; queue << :item; true },
               EM.fiber { Timeout.timeout(0.001) { sleep 1 } rescue :late },
               EM.fiber { Fiber.new { sleep 0; :nested }.resume }]
      EM.gather(*tasks)
    end
    got = EM.main do
      Array.new(2) do
        GC.stress = ARGV[0] == "stress"
        result = work.call
        GC.stress = false
        GC.compact if GC.respond_to?(:compact)
        result
      end
    end
    p got.uniq
  RUBY

  %w[stress compact].each do |kind|
    it "survive GC.#{kind}" do
      output, status = run_ruby(script, kind, limit: 50)
      expect(output).to eq("[[\"PING\", 4, 4, \"pong\", :item, true, :late, :nested]]\n")
      expect(status).to be_success
    end
  end

  it "let go of fibers and schedulers that have ended" do
    output, status = run_ruby(<<~RUBY)
      def alive
        3.times { GC.start }
        [EM::Scheduler, EM::Task, Fiber].sum { |kind| ObjectSpace.each_object(kind).count }
      end

      def once
        EM.main { EM.gather(*Array.new(5) { EM.fiber { sleep 0 } }) }
      end

      once
      before = alive
      50.times { once }
      p alive - before < 10
    RUBY
    expect(output).to eq("true\n")
    expect(status).to be_success
  end
end
