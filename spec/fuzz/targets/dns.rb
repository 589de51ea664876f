# frozen_string_literal: true

require "socket"
require "tempfile"

module ProtocolFuzz
  # A datagram of the name server that was asked for "example.com" under the id 7.
  target("dns_answer", EventMachine::DNS::Socket, whole: true) do
    peer = Socket.pack_sockaddr_in(53, "127.0.0.1")

    def initialize
      super
      self.nameserver = "127.0.0.1"
      @requests[7] = request = EventMachine::DNS::Request.new(self, "example.com")
      request.callback { |addresses| note(:succeeded, addresses) }
      request.errback { |reason| note(:failed, reason) }
      @asked[7] = [IPAddr.new("127.0.0.1")]
    end

    def start_timer; end
    def unbind; end

    # There is no loop to ask again by.
    def send_datagram(*); end

    def ask_by_stream(id, request, cut, _peername)
      conclude(id, request, cut)
    end

    define_method(:get_peername) { peer }
  end

  configuration = EventMachine::DNS.const_get(:Configuration)

  # The system's files, which are read as a whole.
  { "hosts" => :hosts, "resolv_conf" => :nameservers }.each do |name, reader|
    target(name, Object, whole: true) do
      define_method(:receive_data) do |data|
        Tempfile.create("fuzz") do |file|
          File.binwrite(file.path, data)
          note(:read, configuration.public_send(reader, file.path))
        end
      end
    end
  end
end
