# frozen_string_literal: true

require "websocket/driver"

# A WebSocket client on a plain socket: websocket-driver implements the protocol. It uses no event loop.
class WebSocketClient
  attr_reader :url, :closed

  def initialize(url, socket)
    @url = url
    @socket = socket
    @messages = []
    @driver = WebSocket::Driver.client(self)
    @driver.on(:message) { |event| @messages << event.data }
    @driver.on(:close) { |event| @closed = event.code }
    @driver.start
  end

  # The driver calls this to write.
  def write(data)
    @socket.write(data)
  end

  def text(message)
    @driver.text(message)
  end

  def binary(message)
    @driver.binary(message.bytes)
  end

  # Pings, and waits for the answer.
  def ping
    answered = false
    @driver.ping("are you there") { answered = true }
    read until answered
    answered
  end

  # @return [String, Array<Integer>] the next text or binary message
  def receive
    read while @messages.empty?
    @messages.shift
  end

  # @return [Integer] the code of the other side's close
  def close(code = 1000)
    @driver.close("bye", code)
    read until @closed
    @closed
  end

  private

  def read
    @driver.parse(@socket.readpartial(65_536))
  end
end
