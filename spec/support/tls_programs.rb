# frozen_string_literal: true

require "open3"
require_relative "process_helper"
require_relative "tls_helper"

# Runs other implementations of TLS against ours.
module TLSPrograms
  # A server of ours: answers a line, and closes.
  ANSWERS = { received: lambda do |server|
    next unless server.received.end_with?("\n")

    server.send_data("answer to #{server.received}")
    server.close_connection_after_writing
  end }.freeze

  # Runs commands against a server of ours, one after the other.
  #
  # @param options [Hash] of start_tls
  # @param doings [Hash] what the server does, see {TLSHelper::End}
  # @param commands [Array<Array(Array<String>, String)>] commands, where PORT stands for the server's port,
  #   and their input
  # @return [Array<String>] what they wrote, errors included
  def against(options, doings, *commands, limit: 8, servers: [])
    outputs = nil
    em(limit) do
      handler = TLSHelper::End.of(options, doings)
      port = listen("127.0.0.1", handler, TLSHelper::Meeting.new(1000)) { |server| servers << server }
      work = -> { commands.map { |command, input| run_client(command, port, input) } }
      EventMachine.defer(work, lambda { |result|
        outputs = result
        done
      })
    end
    outputs
  end

  # Runs a server during the block, which gets its port.
  #
  # @param command [Array<String>] where PORT stands for the port that it is to listen on
  def serve(*command, port: free_port)
    command = command.map { |word| word.gsub("PORT", port.to_s) }
    output = File.join(TLSAuthority.directory, "server-#{port}.log")
    process = Process.spawn(*command, in: File::NULL, %i[out err] => output, pgroup: true)
    wait_for_listener(port, process, output)
    yield port
  ensure
    if process
      Process.kill(:KILL, -process)
      Process.wait(process)
    end
  end

  # Runs nginx during the block, which gets its port.
  #
  # @param issued [TLSAuthority::Issued] the certificate that it presents
  # @param directory [String] what it serves
  # @param more [String] directives for its server
  def nginx(issued, directory, more = "", &block)
    port = free_port
    own = Dir.mktmpdir("nginx", TLSAuthority.directory)
    paths = %w[client_body proxy fastcgi uwsgi scgi].map { |name| "#{name}_temp_path #{own}/#{name};" }
    File.write(File.join(own, "nginx.conf"), <<~NGINX)
      daemon off; master_process off; pid #{own}/pid; error_log stderr;
      events {}
      http {
        access_log off; client_max_body_size 0; #{paths.join(' ')}
        server {
          listen 127.0.0.1:#{port} ssl http2; root #{directory}; ssl_protocols TLSv1.2 TLSv1.3;
          ssl_certificate #{issued.chain_file}; ssl_certificate_key #{issued.key_file};
          ssl_client_certificate #{TLSAuthority.root.file};
          #{more}
        }
      }
    NGINX
    serve("nginx", "-c", File.join(own, "nginx.conf"), "-e", "stderr", port: port, &block)
  end

  # Lets our client talk to another server.
  #
  # @return [End] the client, when it is at its end
  def call(port, options, doings, to: "localhost", limit: 8)
    client = nil
    em(limit) do
      client = EventMachine.connect(to, port, TLSHelper::End.of(options, doings), TLSHelper::Meeting.new(1))
    end
    client
  end

  # A client of ours that sends something, and leaves when it has received enough.
  def exchange(text, size = text.bytesize)
    { secured: ->(client) { client.send_data(text) },
      received: ->(client) { client.close_connection if client.received.bytesize >= size } }
  end

  private

  def run_client(command, port, input)
    command = command.map { |word| word.gsub("PORT", port.to_s) }
    Open3.capture2e(*command, stdin_data: input.to_s).first
  end

  def wait_for_listener(port, process, output)
    wait_until(what: "the listener at #{port}") do
      raise "the server ended: #{File.read(output, encoding: 'UTF-8')}" if Process.wait(process, Process::WNOHANG)

      TCPSocket.new("127.0.0.1", port).close
      true
    rescue Errno::ECONNREFUSED
      false
    end
  end
end

RSpec.configure { |config| config.include(TLSPrograms, tls: true) }
