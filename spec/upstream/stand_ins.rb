# frozen_string_literal: true

require "openssl"
require "resolv"
require "socket"

module Upstream
  # The name server and the web server that replace the Internet inside the sandbox.
  module StandIns
    WEB = "198.18.0.80"
    ADDRESSES = {
      "localhost" => ["127.0.0.1"],
      "www.google.com" => [WEB],
      "example.com" => ["198.18.0.81"],
      "yahoo.com" => ["198.18.0.82", "198.18.0.83"]
    }.freeze

    # Answers A queries for the names above, and NXDOMAIN for others.
    class NameServer
      TTL = 60

      def initialize(address, port)
        @socket = UDPSocket.new(address.include?(":") ? Socket::AF_INET6 : Socket::AF_INET)
        @socket.bind(address, port)
      end

      def start
        Thread.new { loop { serve } }
      end

      private

      def serve
        data, (_, port, _, address) = @socket.recvfrom(4096)
        @socket.send(answer(Resolv::DNS::Message.decode(data)).encode, 0, address, port)
      end

      def answer(query)
        reply = Resolv::DNS::Message.new(query.id)
        reply.qr = reply.aa = 1
        reply.rd = query.rd
        query.each_question { |name, type| add(reply, name, type) }
        reply
      end

      def add(reply, name, type)
        reply.add_question(name, type)
        addresses = ADDRESSES[name.to_s.downcase]
        return reply.rcode = Resolv::DNS::RCode::NXDomain unless addresses
        return unless type == Resolv::DNS::Resource::IN::A

        addresses.each { |address| reply.add_answer(name, TTL, type.new(address)) }
      end
    end

    # Answers every request with a page; keeps HTTP/1.1 connections open, so that requests may be pipelined.
    class WebServer
      PAGE = "<html><body>stand-in</body></html>\n"

      def initialize(address, port, tls: false)
        @listener = TCPServer.new(address, port)
        @listener = secure(@listener) if tls
      end

      def start
        Thread.new { loop { accept } }
      end

      private

      def secure(listener)
        context = OpenSSL::SSL::SSLContext.new
        context.key = OpenSSL::PKey::EC.generate("prime256v1")
        context.cert = certificate(context.key)
        OpenSSL::SSL::SSLServer.new(listener, context)
      end

      def certificate(key)
        OpenSSL::X509::Certificate.new.tap do |certificate|
          certificate.version = 2
          certificate.serial = 1
          certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=www.google.com")
          certificate.not_before = Time.now - 3600
          certificate.not_after = Time.now + 86_400
          certificate.public_key = key
          certificate.sign(key, OpenSSL::Digest.new("SHA256"))
        end
      end

      def accept
        client = @listener.accept
        Thread.new { converse(client) }
      rescue OpenSSL::SSL::SSLError, SystemCallError
        nil
      end

      def converse(client)
        while (request = client.gets)
          persistent = persistent?(request, headers(client))
          client.write(response(request, persistent))
          break unless persistent
        end
      rescue OpenSSL::SSL::SSLError, SystemCallError
        nil
      ensure
        client.close
      end

      def headers(client)
        headers = []
        while (line = client.gets&.chomp) && !line.empty?
          headers << line
        end
        headers
      end

      def persistent?(request, headers)
        connection = headers.grep(/\Aconnection:/i).join(" ").downcase
        request.include?("HTTP/1.0") ? connection.include?("keep-alive") : !connection.include?("close")
      end

      def response(request, persistent)
        ["HTTP/1.1 200 OK", "Content-Type: text/html", "Content-Length: #{PAGE.bytesize}",
         "Connection: #{persistent ? 'keep-alive' : 'close'}", "",
         request.start_with?("HEAD") ? "" : PAGE].join("\r\n")
      end
    end
  end
end
