# frozen_string_literal: true

require "resolv"
require "socket"

# A name server in the reactor. What it answers is up to the block that it is made with.
module NameServer
  # One question, and the ways to answer it.
  class Query
    attr_reader :message, :server

    def initialize(server, data, sender)
      @server = server
      @message = Resolv::DNS::Message.decode(data)
      @sender = sender
    end

    # @return [String] the name that is asked for
    def name
      @message.question.first.first.to_s
    end

    # @return [Array(Integer, String)] port and address of the one who asks
    def sender
      Socket.unpack_sockaddr_in(@sender)
    end

    # Answers with addresses.
    def answer(*addresses, rcode: 0, id: @message.id, question: name, query: 1, truncated: false, from: @server)
      reply(addresses, rcode: rcode, id: id, question: question, query: query, truncated: truncated, from: from)
    end

    # Sends whatever it is.
    def raw(data, from: @server)
      port, host = sender
      from.send_datagram(data, host, port)
    end

    private

    def reply(addresses, rcode:, id:, question:, query:, truncated:, from:)
      message = Resolv::DNS::Message.new(id)
      message.qr = query
      message.rcode = rcode
      message.tc = truncated ? 1 : 0
      message.add_question(question, @message.question.first.last)
      addresses.each { |address| message.add_answer(question, 60, resource(address)) }
      raw(message.encode, from: from)
    end

    def resource(address)
      case address
      when Resolv::IPv4::Regex then Resolv::DNS::Resource::IN::A.new(address)
      when Resolv::IPv6::Regex then Resolv::DNS::Resource::IN::AAAA.new(address)
      else Resolv::DNS::Resource::IN::CNAME.new(Resolv::DNS::Name.create(address))
      end
    end
  end

  # The socket of the server.
  class Listener < EventMachine::Connection
    def initialize(respond)
      super
      @respond = respond
    end

    def receive_data(data)
      @respond.call(Query.new(self, data, get_peername))
    end
  end

  # @yieldparam query [Query]
  # @return [Listener]
  def self.open(host = "127.0.0.1", port = 0, &respond)
    EventMachine.open_datagram_socket(host, port, Listener, respond)
  end

  # @return [Integer]
  def self.port(listener)
    Socket.unpack_sockaddr_in(listener.get_sockname).first
  end
end
