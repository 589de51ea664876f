# frozen_string_literal: true

require "open3"

# Runs each program of examples/ and compares its output.
RSpec.describe "The examples", time_limit: 30 do
  directory = File.expand_path("../examples", __dir__)

  # The output of each program.
  expected = {
    "crawler" => "/a: page /a\n/b: page /b\n/c: page /c\n/d: page /d\n/slow: too slow\n",
    "channel" => "first: hello\nsecond: hello\nfirst: goodbye\n",
    "defer" => "digest of 64 digits\nfailed: ArgumentError\n",
    "deferrable" => "the answer is 42\nno answer in time\n",
    "directory_watch" => "created inbox\ncreated inbox/new\ncreated inbox/new/letter\nmoved inbox/new read\n" \
                         "deleted read/letter\n",
    "dns" => /\A(127\.0\.0\.1|::1)$/,
    "echo" => "received: Hello, echo!\nclosed: nil\n",
    "errors" => "handled: a callback failed\nshutting down\nleft run: and another\n",
    "fibers" => "ONE\nTWO\nTHREE\n",
    "file_streaming" => "received 2000000 bytes\n",
    "file_watch" => /\A(modified\n)+deleted\nthe watch has ended\n\z/,
    "fork_reactor" => "in the parent\nin the child, with 0 connections\nthe child has exited with 0\n",
    "graceful_stop" => "the answer to everything\n0 cut off\n",
    "stream_server" => "you said hello\nyou said goodbye\n",
    "half_close" => "apple\npear\nquince\n",
    "http" => "200\nGET /greeting, 0 bytes\nPOST /form, 7 bytes\n",
    "iterator" => "[1, 4, 9, 16, 25, 36]\nat most 3 at a time\n",
    "keyboard" => "you typed \"hello\"\nyou typed \"quit\"\n",
    "lines" => "12 bytes, 1 lines\nwhat is \"HELP\"?\n",
    "messages" => "job: resize the picture\njob: send the letter\nno more jobs\n",
    "objects" => "#{{ 'sum' => 42 }.inspect}\n",
    "pool" => "red answers 0\nblue answers 1\nred answers 2\nblue answers 3\nred answers 4\n",
    "popen" => "apple\ncherry\npear\nexit status 3\nthat was all\n",
    "process_watch" => "it has exited\n",
    "proxy" => "stressed\n",
    "queue" => "working on this\nworking on that\n",
    "resolve" => /\Aits first address: (127\.0\.0\.1|::1)\nconnected\n\z/,
    "servers" => /\A((127\.0\.0\.1|::1): good day\n){1,2}\z/,
    "smtp" => "from <me@example.net>\nto <you@example.org>\nSubject: Greetings\n\nAll is well.\ndelivered\n",
    "spawn" => "3\n2\n1\n0\n",
    "threaded_resource" => "row 1\nArgumentError: no row 2\n",
    "tick_loop" => "500500\n",
    "timers" => "round 1\nonce\nquiet for 0.07 s\nround 2\nround 3\n",
    "tls" => "TLSv1.3\nyou said something secret\n",
    "tls_verified" => "this is www.example.org\n" \
                      "this is not www.example.net: EventMachine::CertificateError::NameMismatch\n",
    "udp" => "year: #{Time.now.year}\n",
    "unix_socket" => "QUIETLY\n",
    "until_idle" => "first\nsecond\nnothing left to do\n",
    "watch" => "through the pipe\n",
    "watches" => /\Aa tenth of a second: true\na signal\n(a child with exit status 3\n|in a fiber: 4\n){2}\z/
  }
  servers = %w[chat_server echo_server fiber_chat_server]
  input = { "keyboard" => "hello\nquit\n" }

  define_method(:command) do |name, *arguments|
    [RbConfig.ruby, "-w", "-I", ProcessHelper::LIBRARY, File.join(directory, "#{name}.rb"), *arguments]
  end

  # Starts a server on a free port, and stops it after the block.
  def serve(name, env = {})
    Open3.popen2e(env, *command(name, "0"), pgroup: true) do |_, output, process|
      port = Integer(output.gets[/\Alistening on 127\.0\.0\.1:(\d+)$/, 1])
      yield port, output, process
    ensure
      begin
        Process.kill(:KILL, -process.pid)
      rescue Errno::ESRCH
        nil
      end
    end
  end

  # @return [TCPSocket] a client that is in the room
  def join_room(port, name)
    client = TCPSocket.new("127.0.0.1", port)
    expect(client.gets).to eq("Who are you?\n")
    client.puts(name)
    expect(client.gets).to start_with("Welcome, #{name}.")
    client
  end

  expected.each do |name, text|
    it "#{name} does what it says" do
      output, status = Open3.capture2e(*command(name), stdin_data: input.fetch(name, ""))
      expect(output).to text.is_a?(Regexp) ? match(text) : eq(text)
      expect(status).to be_success
    end
  end

  it "chat_server lets people talk" do
    serve("chat_server") do |port|
      first = join_room(port, "Ann")
      second = join_room(port, "Bob")
      expect(first.gets).to eq("* Bob has joined\n")
      second.puts("hello")
      expect(first.gets).to eq("Bob: hello\n")
      first.puts("/who")
      expect(first.gets).to eq("Ann, Bob\n")
      second.close
      expect(first.gets).to eq("* Bob has left\n")
    end
  end

  it "chat_server takes neither a name twice, nor any name" do
    serve("chat_server") do |port|
      join_room(port, "Ann")
      client = TCPSocket.new("127.0.0.1", port)
      client.puts("Ann", "no name", "Bob")
      expect(Array.new(4) { client.gets }).to match(
        ["Who are you?\n", "Ann is taken\n", /\APlease/, /\AWelcome, Bob/]
      )
    end
  end

  it "fiber_chat_server lets people talk, and go" do
    serve("fiber_chat_server") do |port|
      first, second = %w[Ann Bob].map do |name|
        TCPSocket.new("127.0.0.1", port).tap { |client| client.gets && client.puts(name) }
      end
      expect(first.gets).to eq("Bob has come\n")
      second.puts("hello")
      expect(first.gets).to eq("Bob: hello\n")
      second.close
      expect(first.gets).to eq("Bob has gone\n")
    end
  end

  it "echo_server echoes, and lets its clients finish on Ctrl-C" do
    serve("echo_server") do |port, output, process|
      client = TCPSocket.new("127.0.0.1", port)
      client.write("hello")
      expect(client.readpartial(5)).to eq("hello")
      Process.kill(:INT, process.pid)
      expect(output.read).to eq("stopping: 1 connected\n")
      expect(client.read).to eq("")
      expect(process.value).to be_success
    end
  end

  it "chat_server says good-bye and ends when it is told to" do
    serve("chat_server") do |port, _, process|
      member = join_room(port, "Ann")
      Process.kill(:TERM, process.pid)
      expect(member.read).to eq("* the server is shutting down\n")
      expect(process.value).to be_success
    end
  end

  it "echo_server ends by itself when it is told to" do
    serve("echo_server", "EXAMPLE_SECONDS" => "0.1") { |_, _, process| expect(process.value).to be_success }
  end

  it "are all run" do
    programs = Dir.children(directory).map { |file| File.basename(file, ".rb") }
    expect(programs).to match_array(expected.keys + servers)
  end
end
