# frozen_string_literal: true

require "spec_helper"
require "digest"

RSpec.describe "Transfers under TLS", tls: true do
  let(:issued) { TLSAuthority.localhost }
  let(:root) { TLSAuthority.root.file }
  let(:trusting) { { verify: true, ca_file: root } }

  # 100 MB of different pieces.
  before(:context) do
    @directory = Dir.mktmpdir("large", TLSAuthority.directory)
    @large = File.join(@directory, "large")
    piece = Random.new(11).bytes(999_996)
    File.open(@large, "wb") { |file| 100.times { |number| file.write([number].pack("N"), piece) } }
    @digest = Digest::SHA256.file(@large)
  end

  after(:context) { FileUtils.rm_rf(@directory) }

  # Sends the file as fast as possible, then closes.
  def pour(connection, file = File.open(@large, "rb"))
    connection.send_data(file.read(500_000)) while !file.eof? && connection.get_outbound_data_size < 2_000_000
    return EventMachine.next_tick { pour(connection, file) } unless file.eof?

    file.close
    connection.close_connection_after_writing
  end

  # Computes the digest of the data after the header, if there is one.
  class Sum
    attr_reader :size

    def initialize(headed: false)
      @headed = headed
      @digest = Digest::SHA256.new
      @size = 0
    end

    def take(connection)
      data = connection.received
      return if @headed && !data.slice!(/\A.*?\r\n\r\n/mn)

      @headed = false
      @digest << data
      @size += data.bytesize
      data.clear
    end

    def hexdigest
      @digest.hexdigest
    end
  end

  def expect_whole(sum)
    expect([sum.size, sum.hexdigest]).to eq([100_000_000, @digest.hexdigest])
  end

  it "of 100 MB come from ourselves whole", time_limit: 40 do
    sum = Sum.new
    server, client = converse(server: issued.options, client: trusting, to: "localhost", limit: 30,
                              serves: { secured: method(:pour) }, asks: { received: sum.method(:take) })
    expect([server.reason, client.reason]).to eq([nil, nil])
    expect_whole(sum)
  end

  it "of 100 MB come from nginx whole", time_limit: 40 do
    sum = Sum.new(headed: true)
    ask = ->(client) { client.send_data("GET /large HTTP/1.0\r\nHost: localhost\r\n\r\n") }
    nginx(issued, @directory) do |port|
      call(port, trusting, { secured: ask, received: sum.method(:take) }, limit: 30)
    end
    expect_whole(sum)
  end

  it "of 100 MB get to curl whole", time_limit: 40 do
    answer = lambda do |server|
      server.send_data("HTTP/1.0 200 OK\r\nContent-Length: 100000000\r\n\r\n")
      pour(server)
    end
    copy = File.join(@directory, "copy")
    output, = against(issued.options, { received: answer },
                      [["curl", "-sS", "-4", "--cacert", root, "--output", copy, "https://localhost:PORT/"]],
                      limit: 30)
    expect(output).to eq("")
    expect(Digest::SHA256.file(copy)).to eq(@digest)
  end

  it "of 100 MB come from curl whole", time_limit: 40 do
    sum = Sum.new(headed: true)
    take = lambda do |server|
      sum.take(server)
      server.send_data("HTTP/1.0 200 OK\r\n\r\n#{sum.hexdigest}") if sum.size == 100_000_000
      server.close_connection_after_writing if sum.size == 100_000_000
    end
    output, = against(issued.options, { received: take },
                      [["curl", "-sS", "-4", "--cacert", root, "--header", "Expect:", "--upload-file", @large,
                        "https://localhost:PORT/"]], limit: 30)
    expect(output).to eq(@digest.hexdigest)
  end

  it "of 100 MB come from s_client whole", time_limit: 40 do
    sum = Sum.new
    take = lambda do |server|
      sum.take(server)
      server.close_connection if sum.size == 100_000_000
    end
    command = "openssl s_client -connect 127.0.0.1:PORT -CAfile #{root} -quiet < #{@large}"
    against(issued.options, { received: take }, [["sh", "-c", command]], limit: 30)
    expect_whole(sum)
  end

  it "of 100 MB get to s_server whole", time_limit: 40 do
    copy = File.join(@directory, "copy")
    port = free_port
    # It exits at the end of its input.
    command = "sleep 60 | openssl s_server -accept 127.0.0.1:#{port} -cert #{issued.chain_file} " \
              "-key #{issued.key_file} -quiet > #{copy}"
    serve("sh", "-c", command, port: port) do
      call(port, trusting, { secured: method(:pour) }, limit: 30)
      wait_until(what: "the copy") { File.size(copy) >= 100_000_000 }
    end
    expect(Digest::SHA256.file(copy)).to eq(@digest)
  end

  describe "with Ruby's openssl" do
    %i[TLS1_2_VERSION TLS1_3_VERSION].each do |name|
      version = OpenSSL::SSL.const_get(name)

      # A context with our root certificate and, for a server, a certificate.
      define_method(:context) do |server: false|
        OpenSSL::SSL::SSLContext.new.tap do |made|
          made.min_version = made.max_version = version
          made.ca_file = root
          made.verify_mode = OpenSSL::SSL::VERIFY_PEER unless server
          made.add_certificate(issued.certificate, issued.key) if server
        end
      end

      it "come a byte at a time, by #{name}" do
        message = Random.new(5).bytes(2000)
        echo = { received: lambda { |server|
          server.received.each_char { |byte| server.send_data(byte) }
          server.received.clear
        } }
        answer = nil
        em do
          port = listen("127.0.0.1", TLSHelper::End.of(issued.options, echo), TLSHelper::Meeting.new(9))
          ask = lambda do
            socket = TCPSocket.new("127.0.0.1", port)
            socket.setsockopt(:TCP, :NODELAY, 1)
            ssl = OpenSSL::SSL::SSLSocket.new(socket, context)
            ssl.hostname = "localhost"
            ssl.connect
            ssl.post_connection_check("localhost")
            message.each_char { |byte| ssl.syswrite(byte) }
            ssl.read(message.bytesize)
          end
          EventMachine.defer(ask, lambda { |result|
            answer = result
            done
          })
        end
        expect(answer).to eq(message)
      end

      it "go to it and come back, by #{name}" do
        message = Random.new(6).bytes(300_000)
        listener = TCPServer.new("127.0.0.1", 0)
        server = OpenSSL::SSL::SSLServer.new(listener, context(server: true))
        thread = Thread.new do
          ssl = server.accept
          ssl.write(ssl.read(message.bytesize).reverse)
          ssl.close
        end
        client = call(listener.addr[1], trusting, exchange(message))
        expect(client.received).to eq(message.reverse)
      ensure
        thread&.join
        listener&.close
      end
    end
  end
end
