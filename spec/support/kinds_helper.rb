# frozen_string_literal: true

require "openssl"
require_relative "peer_helper"
require_relative "tls_authority"

# Connections of every kind, whose peers are outside of the reactor and take little without reading.
module KindsHelper
  # Kinds that can be written to, and those that can be read from.
  WRITABLE = %i[tcp unix attached pipe tls child].freeze
  READABLE = %i[tcp unix attached pipe tls child].freeze

  # Makes a connection that is to be written to.
  #
  # @param kind [Symbol] one of {WRITABLE}
  # @yieldparam connection [EventMachine::Connection] once it is open
  # @return [Array(Proc, Proc)] what the peer's thread is to do: first to connect, then, given the result, to read all
  def writable(kind, handler, &opened)
    case kind
    when :child then reading_child(handler, &opened)
    when :pipe then reading_pipe(handler, &opened)
    else [method(:"peer_of_#{kind}").call(handler, &opened), :read.to_proc]
    end
  end

  # Makes a connection to a peer that sends the data, and its end.
  #
  # @param kind [Symbol] one of {READABLE}
  # @return [Proc] what the peer's thread is to do
  def readable(kind, handler, data)
    case kind
    when :child then writing_child(handler, data)
    when :pipe then writing_pipe(handler, data)
    else method(:"peer_of_#{kind}").call(handler) { |_| nil }.then { |connect| -> { pour(connect.call, data) } }
    end
  end

  private

  def peer_of_tcp(handler, &opened)
    port = serve(handler) { |made| narrow(made) && opened.call(made) }
    -> { connect_narrowly(port) }
  end

  def peer_of_unix(handler, &opened)
    path = "#{socket_path}-#{handler.object_id}"
    EventMachine.start_unix_domain_server(path, handler, &opened)
    -> { UNIXSocket.new(path) }
  end

  def peer_of_attached(handler, &opened)
    near, far = UNIXSocket.pair
    EventMachine.attach(near, handler, &opened)
    -> { far }
  end

  def peer_of_tls(handler, &opened)
    secured = Module.new do
      include handler
      define_method(:ssl_handshake_completed) { opened.call(self) }
    end
    port = serve(secured) { |made| narrow(made) && made.start_tls }
    -> { OpenSSL::SSL::SSLSocket.new(connect_narrowly(port)).tap { |peer| (peer.sync_close = true) && peer.connect } }
  end

  def reading_pipe(handler, &opened)
    reader, writer = IO.pipe(binmode: true)
    EventMachine.attach(writer, handler, &opened)
    [-> { reader }, :read.to_proc]
  end

  # Reads when it is told to, and passes all on.
  def reading_child(handler, &opened)
    %w[start output].each { |name| File.mkfifo("#{socket_path}.#{name}") }
    command = ["sh", "-c", 'read line <"$0.start"; exec cat >"$0.output"', socket_path]
    EventMachine.popen(command, handler, &opened)
    [-> { nil }, ->(_) { File.write("#{socket_path}.start", "\n") && File.binread("#{socket_path}.output") }]
  end

  def writing_pipe(handler, data)
    reader, writer = IO.pipe
    EventMachine.attach(reader, handler)
    -> { writer.write(data) && writer.close }
  end

  def writing_child(handler, data)
    File.binwrite("#{socket_path}.input", data)
    EventMachine.popen(["cat", "#{socket_path}.input"], handler)
    -> { nil }
  end

  # A socket that is closed with something unread, such as tickets of TLS, would lose what is on its way.
  def pour(peer, data)
    peer.write(data)
    peer.to_io.close_write
    peer.to_io.read
  end

  def narrow(connection)
    connection.set_sock_opt(Socket::SOL_SOCKET, Socket::SO_SNDBUF, 4096)
  end
end

RSpec.configure { |config| config.include(KindsHelper, kinds: true) }
