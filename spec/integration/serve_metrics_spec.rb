# frozen_string_literal: true

RSpec.describe "EventMachine.serve_metrics" do
  include PeerHelper

  before { EventMachine.reset_metrics }
  after { EventMachine.disable_metrics }

  # @return [String] what the server answers to a request
  def ask(request, path = socket_path)
    UNIXSocket.open(path) { |socket| socket.write(request) && socket.read }
  end

  def get(target = "/metrics")
    ask("GET #{target} HTTP/1.1\r\nHost: x\r\n\r\n")
  end

  # Names by their types, and samples by their names with labels.
  def parse(text)
    lines = text.lines(chomp: true)
    types = lines.grep(/\A# TYPE /).to_h { |line| line.split(" ", 4).values_at(2, 3) }
    samples = lines.grep_v(/\A#/).to_h { |line| line.match(/\A(\S+(?:\{.*\})?) (\S+)\z/).captures }
    [types, samples]
  end

  it "answers a request of HTTP with all metrics, and closes" do
    answer = beside { EventMachine.serve_metrics(socket_path) && -> { get } }
    head, body = answer.split("\r\n\r\n", 2)
    expect(head.lines(chomp: true)).to contain_exactly(
      "HTTP/1.1 200 OK", "Connection: close", "Content-Length: #{body.bytesize}",
      "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
    )
    _, samples = parse(body)
    expect(samples).to include('eventmachine_connections{kind="accepted"}' => "1", "eventmachine_servers" => "1")
    expect(EventMachine).to be_metrics_enabled
  end

  it "knows the methods and targets that there are, and refuses others" do
    answers = beside do
      EventMachine.serve_metrics(socket_path)
      lambda do
        [get("/"), get("/metrics?x=1"), get("/other"), ask("POST /metrics HTTP/1.1\r\n\r\n"),
         ask("nonsense\r\n\r\n"), ask("GET /metrics HTTP/1.0\n\n"), ask("x" * 9000)]
      end
    end
    statuses = answers.map { |answer| answer[%r{\AHTTP/1.1 (\d+)}, 1] }
    expect(statuses).to eq(%w[200 200 404 405 400 200 431])
    head = beside { EventMachine.serve_metrics(socket_path) && -> { ask("HEAD /metrics HTTP/1.1\r\n\r\n") } }
    expect(head).to match(/\AHTTP.*Content-Length: [1-9].*\r\n\r\n\z/m)
  end

  it "takes a request in pieces, and answers a peer that has ended its side" do
    answer = beside do
      EventMachine.serve_metrics(socket_path)
      lambda do
        UNIXSocket.open(socket_path) do |socket|
          ["GET /met", "rics HTTP/1.1\r\n", "\r\n"].each { |piece| socket.write(piece) && Thread.pass }
          socket.close_write
          socket.read
        end
      end
    end
    expect(answer).to end_with("# EOF\n")
  end

  it "gives the file its permissions, and removes it with the server and with the loop" do
    seen = []
    umask = File.umask
    em do
      server = EventMachine.serve_metrics(socket_path)
      seen << (File.stat(socket_path).mode & 0o777)
      EventMachine.stop_server(server)
      EventMachine.add_timer(0.01) do
        seen << File.exist?(socket_path)
        EventMachine.serve_metrics(socket_path, mode: 0o660)
        (seen << (File.stat(socket_path).mode & 0o777)) && done
      end
    end
    expect(seen).to eq([0o600, false, 0o660])
    expect(File.exist?(socket_path)).to be(false)
    expect(File.umask).to eq(umask)
  end

  it "takes the place of a process that has ended, of no other and of no file" do
    UNIXServer.new(socket_path).close
    em do
      EventMachine.serve_metrics(socket_path)
      expect { EventMachine.serve_metrics(socket_path) }.to raise_error(Errno::EADDRINUSE, /#{socket_path}/)
      done
    end
    File.write(socket_path, "mine")
    em do
      expect { EventMachine.serve_metrics(socket_path) }.to raise_error(Errno::EEXIST, /#{socket_path}/)
      done
    end
    expect(File.read(socket_path, encoding: "UTF-8")).to eq("mine")
  end

  it "stays the parent's when a child is forked" do
    output, = run_ruby(<<~RUBY, socket_path)
      EM.run do
        EM.serve_metrics(ARGV[0])
        EM.next_tick do
          Process.wait(fork { EM.run { EM.next_tick { EM.stop } } })
          puts File.socket?(ARGV[0])
          EM.stop
        end
      end
      puts File.exist?(ARGV[0])
    RUBY
    expect(output).to eq("true\nfalse\n")
  end

  # Runs until nothing is left to wait for, within a time limit that is not waited for.
  def until_idle
    EventMachine.run(until_idle: true) do
      EventMachine.unref(EventMachine.add_timer(ReactorHelper::LIMIT) { raise ReactorHelper::Expired })
      yield
    end
  end

  it "keeps no loop alive that runs until it is idle, nor does who asks" do
    asked = count = nil
    until_idle do
      EventMachine.serve_metrics(socket_path)
      asked = UNIXSocket.new(socket_path)
      asked.write("GET /met")
      EventMachine.add_timer(0.01) { count = EventMachine.metrics.connections[:accepted] }
    end
    expect([count, asked.read]).to eq([1, ""])
  end

  it "keeps it alive if it is told to" do
    stopped = false
    until_idle do
      server = EventMachine.ref(EventMachine.serve_metrics(socket_path))
      EventMachine.unref(EventMachine.add_timer(0.01) { stopped = EventMachine.stop_server(server).nil? })
    end
    expect(stopped).to be(true)
  end

  it "keeps the threshold that is set" do
    EventMachine.enable_metrics(slow: 7)
    answer = beside { EventMachine.serve_metrics(socket_path) && -> { get } }
    expect(answer).to include("eventmachine_slow_threshold_seconds 7\n")
  end

  it "refuses what cannot be a socket, without a reactor and without counting" do
    expect { EventMachine.serve_metrics(socket_path) }
      .to raise_error(RuntimeError, "eventmachine not initialized: serve_metrics: call it within EventMachine.run")
    em do
      expect { EventMachine.serve_metrics("/nowhere/at/all") }.to raise_error(RuntimeError, %r{/nowhere/at/all})
      expect { EventMachine.serve_metrics(socket_path, mode: "0600") }.to raise_error(TypeError, /"0600"/)
      expect { EventMachine.serve_metrics(socket_path, mode: 0o1000) }.to raise_error(ArgumentError, /1000/)
      expect { EventMachine.serve_metrics(nil) }.to raise_error(TypeError)
      done
    end
    expect(EventMachine).not_to be_metrics_enabled
  end

  describe "in OpenMetrics" do
    it "has a type and a text for each family, its unit in the name, and ends with EOF" do
      EventMachine.enable_metrics(slow: 0)
      em { EventMachine.next_tick { done } }
      text = EventMachine.metrics.to_openmetrics
      expect(text).to end_with("\n# EOF\n")
      expect(text.encoding).to eq(Encoding::UTF_8)
      types, samples = parse(text)
      helps = text.scan(/^# HELP (\S+) \S/).flatten
      expect(helps).to eq(types.keys)
      text.scan(/^# UNIT (\S+) (\S+)$/) { |name, unit| expect(name).to end_with("_#{unit}") }
      suffixes = { "counter" => %w[_total], "gauge" => [""], "info" => %w[_info],
                   "histogram" => %w[_bucket _count _sum] }
      allowed = types.flat_map { |name, type| suffixes.fetch(type).map { |suffix| name + suffix } }
      expect(samples.keys.map { |name| name[/\A\w+/] }.uniq - allowed).to be_empty
      expect(samples.values).to all(match(/\A(?:\d+|\d+\.\d+(?:e[-+]\d+)?)\z/))
    end

    it "has buckets that add up" do
      EventMachine.enable_metrics
      em { EventMachine.next_tick { EventMachine.next_tick { done } } }
      _, samples = parse(EventMachine.metrics.to_openmetrics)
      buckets = samples.select { |name,| name.start_with?("eventmachine_lag_seconds_bucket") }
      expect(buckets.values.map(&:to_i)).to eq(buckets.values.map(&:to_i).sort)
      expect(buckets.keys.last).to include('le="+Inf"')
      expect(buckets.values.last).to eq(samples["eventmachine_lag_seconds_count"])
      bounds = buckets.keys.map { |name| name[/le="(.*)"/, 1].to_f }[0...-1]
      expect(bounds).to eq(bounds.sort.uniq)
    end

    it "escapes names" do
      EventMachine.enable_metrics(slow: 0)
      em { EventMachine.fiber("a \"b\"\\\n\xFF") { sleep(0) && done } }
      text = EventMachine.metrics.to_openmetrics
      expect(text).to include(%q(kind="fiber",name="a \"b\"\\\\\n), "\uFFFD")
      expect(text).to be_valid_encoding
    end
  end
end
