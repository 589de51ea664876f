# frozen_string_literal: true

require "net/http"
require "net/smtp"
require "redis"
require "resolv"
require "tmpdir"

# Libraries that know nothing of fibers: what they wait for, only the fiber waits for.
RSpec.describe "Libraries in fibers" do
  # Answers HTTP requests with their path, each after some milliseconds.
  page = Module.new do
    def receive_data(request)
      path = request[/\AGET (\S+)/, 1]
      EventMachine.add_timer(0.005) do
        send_data("HTTP/1.1 200 OK\r\nContent-Length: #{path.size}\r\nConnection: close\r\n\r\n#{path}")
        close_connection_after_writing
      end
    end
  end

  def port_of(server)
    Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
  end

  it "has Net::HTTP make a thousand requests at once", time_limit: 60 do
    paths = Array.new(1000) { |n| "/#{n}" }
    got = in_fiber(50) do
      port = port_of(EventMachine.start_server("127.0.0.1", 0, page))
      EventMachine.group do |group|
        paths.each { |path| group.fiber { Net::HTTP.get(URI("http://127.0.0.1:#{port}#{path}")) } }
      end
    end
    expect(got).to eq(paths)
  end

  # In a process of its own, because em-synchrony redefines Kernel#sleep.
  it "awaits em-http-request, beside em-synchrony's own fibers" do
    output, status = run_ruby(<<~'RUBY', options: ["-W0"])
      require "em-http-request"
      require "em-synchrony"

      page = Module.new do
        def receive_data(request)
          path = request[/\AGET (\S+)/, 1]
          send_data("HTTP/1.1 200 OK\r\nContent-Length: #{path.size}\r\nConnection: close\r\n\r\n#{path}")
          close_connection_after_writing
        end
      end

      EventMachine.main do
        server = EventMachine.start_server("127.0.0.1", 0, page)
        url = "http://127.0.0.1:#{Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first}"
        synchrony = EventMachine::DefaultDeferrable.new
        EventMachine.next_tick do
          Fiber.new do
            EventMachine::Synchrony.sleep(0.001)
            synchrony.succeed(EventMachine::Synchrony.sync(EventMachine::HttpRequest.new("#{url}/b").get).response)
          end.resume
        end
        p EventMachine.await(EventMachine::HttpRequest.new("#{url}/a").get).response, synchrony.await
      end
    RUBY
    expect(output).to eq(%("/a"\n"/b"\n))
    expect(status).to be_success
  end

  it "sends mail by net/smtp" do
    mails = []
    server = Class.new(EventMachine::P::SmtpServer) do
      define_method(:receive_data_chunk) { |lines| mails.concat(lines) }
    end
    in_fiber do
      port = port_of(EventMachine.start_server("127.0.0.1", 0, server))
      sending = Array.new(3) do |n|
        EventMachine.fiber do
          Net::SMTP.start("127.0.0.1", port) { |smtp|
            smtp.send_message("mail #{n}", "me@example.net", "you@example.org")
          }
        end
      end
      EventMachine.gather(*sending)
    end
    expect(mails.join("\n")).to include("mail 0", "mail 1", "mail 2")
  end

  it "asks name servers by Resolv" do
    got = in_fiber do
      socket = UDPSocket.new
      socket.bind("127.0.0.1", 0)
      answering = EventMachine.fiber do
        question, peer = socket.recvfrom(512)
        answer = Resolv::DNS::Message.decode(question)
        answer.qr = 1
        answer.add_answer("host.example", 60, Resolv::DNS::Resource::IN::A.new("192.0.2.7"))
        socket.send(answer.encode, 0, peer[3], peer[1])
      end
      resolver = Resolv::DNS.new(nameserver_port: [["127.0.0.1", socket.addr[1]]])
      resolver.getresource("host.example", Resolv::DNS::Resource::IN::A).address.to_s.tap { answering.await }
    end
    expect(got).to eq("192.0.2.7")
  end

  it "talks to Redis, and waits for what others push there" do
    Dir.mktmpdir do |directory|
      socket = File.join(directory, "redis.sock")
      log = File.join(directory, "log")
      pid = spawn("redis-server", "--port", "0", "--unixsocket", socket, "--dir", directory, "--save", "", out: log)
      begin
        wait_until(what: "Redis") { File.socket?(socket) }
        got = in_fiber do
          waiting = EventMachine.fiber { Redis.new(path: socket).blpop("queue", timeout: 10) }
          pushing = EventMachine.fiber do
            redis = Redis.new(path: socket)
            sleep 0 until redis.info("clients")["blocked_clients"] == "1"
            redis.rpush("queue", "item")
          end
          EventMachine.gather(waiting, pushing)
        end
        expect(got).to eq([%w[queue item], 1])
      ensure
        Process.kill(:TERM, pid)
        Process.wait(pid)
      end
    end
  end

  it "goes on beside Async, in whose task the loop runs" do
    script = <<~RUBY
      require "async"
      events = []
      Async do |task|
        task.async { 3.times { sleep 0.002; events << :async } }
        EventMachine.run { EventMachine.add_periodic_timer(0.001) { EventMachine.stop if events.size == 3 } }
        events << :after
      end
      p events
    RUBY
    output, status = run_ruby(script)
    expect(output).to eq("[:async, :async, :async, :after]\n")
    expect(status).to be_success
  end
end
