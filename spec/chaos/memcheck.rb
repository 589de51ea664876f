# frozen_string_literal: true

# Uses every kind of descriptor once, for valgrind (rake memcheck). It prints what has happened.

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require "socket"
require "tmpdir"

EXPECTED = %i[deferred file notified popen proxied secure tcp timer udp unix].freeze
SEEN = [] # rubocop:disable Style/MutableConstant

# It has happened; all has, sooner or later.
def seen(what)
  SEEN << what
  SEEN.uniq!
  EventMachine.stop if SEEN.size == EXPECTED.size
end

Echo = Module.new { def receive_data(data) = send_data(data) }
SecureEcho = Module.new do
  include Echo
  def post_init = start_tls
end
Front = Module.new do
  def post_init = EventMachine.connect("127.0.0.1", $port, Back, self)
end

# The other side of a Front.
class Back < EventMachine::Connection
  def initialize(front)
    super
    @front = front
  end

  def post_init
    proxy_incoming_to(@front)
    @front.proxy_incoming_to(self)
  end
end

# Sends much, and has seen something when an answer comes.
class Client < EventMachine::Connection
  def initialize(what, secure: false)
    super
    @what = what
    @secure = secure
  end

  def connection_completed
    start_tls(sni_hostname: "localhost") if @secure
    send_data("x" * 100_000)
  end

  def receive_data(_data)
    [get_peer_cert, get_cipher_name, get_sockname, get_peername, get_outbound_data_size]
    seen(@what)
    close_connection
  end
end

def port_of(server) = EventMachine.get_sockname(server).unpack1("x2n")

Dir.mktmpdir do |directory|
  path = File.join(directory, "file")
  File.write(path, "")
  EventMachine.run do
    $port = port_of(EventMachine.start_server("127.0.0.1", 0, Echo))
    EventMachine.connect("127.0.0.1", $port, Client, :tcp)
    secure = port_of(EventMachine.start_server("127.0.0.1", 0, SecureEcho))
    EventMachine.connect("127.0.0.1", secure, Client, :secure, secure: true)
    EventMachine.connect("127.0.0.1", port_of(EventMachine.start_server("127.0.0.1", 0, Front)), Client, :proxied)
    EventMachine.start_unix_domain_server(File.join(directory, "socket"), Echo)
    EventMachine.connect_unix_domain(File.join(directory, "socket"), Client, :unix)
    udp = EventMachine.open_datagram_socket("127.0.0.1", 0, Module.new { def receive_data(_data) = seen(:udp) })
    udp.send_datagram("x", "127.0.0.1", port_of(udp.signature))
    EventMachine.popen("echo x", Module.new { def receive_data(_data) = seen(:popen) })
    EventMachine.watch_file(path, Module.new { def file_modified = seen(:file) })
    reader, writer = IO.pipe
    watch = EventMachine.watch(reader, Module.new { def notify_readable = detach && seen(:notified) })
    watch.notify_readable = true
    writer.write("x")
    EventMachine.defer(-> { 1 }, ->(_) { seen(:deferred) })
    EventMachine.add_periodic_timer(0.05) { File.write(path, "x") && seen(:timer) }
    EventMachine.add_timer(60) { EventMachine.stop }
  end
end
missing = EXPECTED - SEEN
abort "not seen: #{missing.join(', ')}" if missing.any?
