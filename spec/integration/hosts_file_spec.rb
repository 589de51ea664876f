# frozen_string_literal: true

# Names that the hosts file has.
RSpec.describe "A name of the hosts file" do
  include NameSpace

  # Puts a hosts file in place, tells of each connect by "host.example" at `told`: the address that it reached, and
  # whether that was known on the spot. The block that `connect` is given says what then.
  prelude = <<~RUBY
    require "tempfile"
    hosts = Tempfile.create("em-hosts").tap { |file| file.write("127.0.0.1 host.example\\n") && file.flush }
    order = Tempfile.create("em-order").tap { |file| file.write("hosts: files\\n") && file.flush }
    at_exit { [hosts, order].each { |file| File.unlink(file.path) } }
    rewrite = ->(text) { File.write(hosts.path, text) }
    system("mount", "--bind", hosts.path, "/etc/hosts", exception: true)
    system("mount", "--bind", order.path, "/etc/nsswitch.conf", exception: true)
    CONNECT = lambda do |port, told|
      on_the_spot = false
      handler = Module.new do
        define_method(:connection_completed) { told.call(remote_address.ip_address, on_the_spot) }
        define_method(:unbind) { |reason| reason && (puts(reason) || exit!) }
      end
      connection = EventMachine.connect("host.example", port, handler)
      on_the_spot = connection.local_address.ip_port.positive?
    end
    def port_of(server) = Addrinfo.new(EventMachine.get_sockname(server)).ip_port
    EventMachine.name_resolution = :threads
  RUBY

  it "is connected to on the spot once it is known, and anew when the file has changed" do
    output = run_unanswered(prelude + <<~RUBY)
      EventMachine.run do
        port = port_of(EventMachine.start_server("0.0.0.0", 0))
        # A thread may have found it by the time that it is asked, so none of these needs to be late.
        changed = ->(address, _) { p(address) && EventMachine.stop }
        known = lambda do |address, on_the_spot|
          # It is known for a second, in which a slow machine may do nothing.
          next CONNECT.call(port, known) unless on_the_spot

          p(address)
          rewrite.call("127.0.0.2 host.example # elsewhere\\n")
          CONNECT.call(port, changed)
        end
        CONNECT.call(port, ->(address, _) { p(address) && CONNECT.call(port, known) })
      end
    RUBY
    expect(output.lines(chomp: true)).to eq(%w[127.0.0.1 127.0.0.1 127.0.0.2].map(&:inspect))
  end

  it "is resolved anew, inline and by resolve, when the file has changed" do
    output = run_unanswered(prelude + <<~RUBY)
      rewrite.call("127.0.0.1 localhost\\n")
      EventMachine.run do
        port = port_of(EventMachine.start_server("0.0.0.0", 0))
        EventMachine.name_resolution = :inline
        handler = Module.new { define_method(:connection_completed) { p(remote_address.ip_address) } }
        EventMachine.resolve("localhost").callback do |first|
          2.times { EventMachine.connect("localhost", port, handler) }
          rewrite.call("127.0.0.3 localhost # elsewhere\\n")
          EventMachine.connect("localhost", port, handler)
          EventMachine.resolve("localhost").callback { |second| (p first + second) && EventMachine.add_timer(0.01) { exit! } }
        end
      end
    RUBY
    expect(output.lines(chomp: true)).to include('"127.0.0.3"', '["127.0.0.1", "127.0.0.3"]')
  end

  it "that is known is told of wherever it is asked for" do
    found = []
    ask = ->(&then_) { EventMachine.resolve("localhost").callback { |addresses| (found << addresses) && then_.call } }
    em do
      ask.call do
        ask.call do
          EventMachine.next_tick do
            ask.call { EventMachine.add_timer(0.001) { ask.call { Thread.new { ask.call { EventMachine.stop } } } } }
          end
        end
      end
    end
    expect(found).to eq([found.first] * 5)
  end

  it "fails as any other where the local address is not to be had" do
    output = run_unanswered(prelude + <<~RUBY)
      EventMachine.run do
        port = port_of(EventMachine.start_server("0.0.0.0", 0))
        CONNECT.call(port, lambda do |*|
          failed = Module.new { define_method(:unbind) { |reason| p(reason) && EventMachine.stop } }
          EventMachine.bind_connect("192.0.2.9", 0, "host.example", port, failed)
        end)
      end
    RUBY
    expect(output).to eq("Errno::EADDRNOTAVAIL\n")
  end
end
