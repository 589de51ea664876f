# frozen_string_literal: true

# A peer that has closed its end takes no more, and nothing is wrong with that: unbind has no reason, however much
# was to be sent to it. The same holds for upstream, which reads such an end before it writes.
RSpec.describe "A peer that has left" do
  let(:log) { [] }
  let(:large) { "x" * 3_000_000 }

  tcp_pair = lambda do
    listener = TCPServer.new("127.0.0.1", 0)
    near = TCPSocket.new("127.0.0.1", listener.addr[1])
    [near, listener.accept].tap { listener.close }
  end

  # Attaches a socket of which the peer has sent a request and closed.
  def request(pair, **doings)
    near, far = pair
    far.write("request")
    far.close
    em { EventMachine.attach(near, noting(log, unbind: ->(_) { EventMachine.stop }, **doings)) }
    log.last
  end

  { "TCP" => tcp_pair, "Unix" => -> { UNIXSocket.pair } }.each do |kind, pair|
    it "is no reason for what a tick sends it, over #{kind}" do
      send = ->(_) { EventMachine.next_tick { send_data("answer") } }
      expect(request(pair.call, receive_data: send)).to eq([:unbind, nil])
    end

    it "is no reason for much that a tick sends it, over #{kind}" do
      data = large
      send = ->(_) { EventMachine.next_tick { send_data(data) } }
      expect(request(pair.call, receive_data: send)).to eq([:unbind, nil])
    end
  end

  it "is no reason for an answer in two parts" do
    data = large
    send = ->(_) { send_data("head") && EventMachine.next_tick { send_data(data) } }
    expect(request(tcp_pair.call, receive_data: send)).to eq([:unbind, nil])
  end

  it "is no reason for an answer that fails before its end is read" do
    data = large
    expect(request(tcp_pair.call, receive_data: ->(_) { send_data(data) })).to eq([:unbind, nil])
  end

  it "is no reason for one that closes after writing" do
    data = large
    answer = ->(_) { send_data(data) && close_connection_after_writing }
    expect(request(tcp_pair.call, receive_data: answer)).to eq([:unbind, nil])
  end

  # There a write that fails is found before the end of input, as by upstream without EM.epoll.
  it "is EPIPE for what a Unix peer has not waited for" do
    expect(request(UNIXSocket.pair, receive_data: ->(_) { send_data("answer") })).to eq([:unbind, Errno::EPIPE])
  end

  it "is a reason for a handler that goes on sending" do
    data = large
    near, far = tcp_pair.call
    handler = noting(log, unbind: ->(_) { EventMachine.stop })
    handler.define_method(:receive_eof) { send_data(data) }
    far.close
    em { EventMachine.attach(near, handler) }
    expect(log.last).to eq([:unbind, Errno::EPIPE])
  end

  it "is no reason for a TLS server whose client closes as soon as it is connected" do
    options = TLSAuthority.localhost.options
    served = noting(log, unbind: ->(_) { EventMachine.stop }, post_init: -> { start_tls(options) })
    served.define_method(:ssl_handshake_completed) { send_data("welcome") }
    client = Module.new do
      define_method(:connection_completed) { start_tls }
      define_method(:ssl_handshake_completed) { close_connection }
    end
    em { EventMachine.connect("127.0.0.1", serve(served), client) }
    expect(log.last).to eq([:unbind, nil])
  end
end
