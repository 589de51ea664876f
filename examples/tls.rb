# frozen_string_literal: true

# TLS with a self-signed certificate: the client accepts only that certificate.
#
#   ruby examples/tls.rb

require "eventmachine"
require "openssl"

KEY = OpenSSL::PKey::EC.generate("prime256v1")
CERTIFICATE = OpenSSL::X509::Certificate.new.tap do |certificate|
  certificate.version = 2
  certificate.serial = 1
  certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
  certificate.public_key = KEY
  certificate.not_before = Time.now - 60
  certificate.not_after = Time.now + 3600
  certificate.sign(KEY, OpenSSL::Digest.new("SHA256"))
end

class Server < EventMachine::Connection
  def post_init
    start_tls(private_key: KEY.to_pem, cert: CERTIFICATE.to_pem)
  end

  def receive_data(data)
    send_data("you said #{data}")
  end
end

class Client < EventMachine::Connection
  def connection_completed
    start_tls(verify_peer: true, sni_hostname: "localhost")
  end

  def ssl_verify_peer(certificate)
    OpenSSL::X509::Certificate.new(certificate) == CERTIFICATE
  end

  def ssl_handshake_completed
    puts get_cipher_protocol
    send_data("something secret")
  end

  def receive_data(data)
    puts data
    EventMachine.stop
  end

  def unbind(reason)
    abort "lost: #{reason}" unless EventMachine.stopping?
  end
end

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, Server)
  port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  EventMachine.connect(host, port, Client)
end
