# frozen_string_literal: true

# Paths are bytes. These are no UTF-8, have a space, and are in another encoding than the file system's.
RSpec.describe "A path" do
  let(:log) { [] }

  names = ["a\xFF".b, "b c", "d\u00e9".encode("ISO-8859-1"), "e\u00e9"]

  around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

  names.each do |name|
    it "may be #{name.b.inspect} for Unix servers and their clients" do
      handler = noting(log, receive_data: ->(_) { EventMachine.stop })
      em do
        EventMachine.start_unix_domain_server(name, handler)
        log << Dir.children(".").map(&:b)
        EventMachine.connect_unix_domain(name).send_data("hello")
      end
      expect(log).to eq([[name.b], :post_init, "hello", [:unbind, nil]])
    end

    it "may be #{name.b.inspect} for files that are sent" do
      File.write(name.b, "content")
      near, far = UNIXSocket.pair
      em do
        EventMachine.attach(near, noting([], unbind: ->(_) { EventMachine.stop })) do |connection|
          connection.send_file_data(name)
          connection.stream_file_data(name).callback { connection.close_connection_after_writing }
        end
      end
      expect(far.read).to eq("contentcontent")
    end

    it "may be #{name.b.inspect} for watched files" do
      File.write(name.b, "old")
      entries = log
      em do
        EventMachine.watch_file(name, Module.new do
          define_method(:file_modified) { (entries << path) && EventMachine.stop }
        end)
        EventMachine.next_tick { File.write(name.b, "new") }
      end
      expect(log.map(&:b)).to eq([name.b])
    end

    it "may be #{name.b.inspect} for keys and certificates" do
      issued = TLSAuthority.localhost
      key = "#{name.b}.key"
      chain = "#{name.b}.pem"
      File.write(key, issued.key_pem)
      File.write(chain, issued.chain_pem)
      entries = log
      server = Module.new { define_method(:post_init) { start_tls(private_key_file: key, cert_chain_file: chain) } }
      client = Module.new do
        define_method(:connection_completed) { start_tls(verify: true, ca_file: TLSAuthority.root.file) }
        define_method(:ssl_handshake_completed) { (entries << :secured) && EventMachine.stop }
        define_method(:unbind) { |reason| entries << reason }
      end
      em { EventMachine.connect("localhost", serve(server), client) }
      expect(log).to eq([:secured, nil])
    end
  end

  it "may not have a NUL byte" do
    em do
      connection = EventMachine.attach(kept(UNIXSocket.pair).first)
      [-> { EventMachine.start_unix_domain_server("a\0b") }, -> { EventMachine.connect_unix_domain("a\0b") },
       -> { EventMachine.watch_file("a\0b") }, -> { connection.send_file_data("a\0b") }].each do |call|
        expect(&call).to raise_error(ArgumentError, /null byte|NUL/i)
      end
      done
    end
  end
end
