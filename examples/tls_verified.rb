# frozen_string_literal: true

# TLS with verification: the certificate must be issued by a trusted authority, for the right host.
#
#   ruby examples/tls_verified.rb

require "eventmachine"
require "openssl"

# A certificate authority, as a company may have one.
class Authority
  attr_reader :certificate

  def initialize(name)
    @key = OpenSSL::PKey::EC.generate("prime256v1")
    @certificate = sign(@key, name, "basicConstraints" => "critical,CA:TRUE",
                                    "keyUsage" => "critical,keyCertSign")
  end

  # @return [Hash] what start_tls takes
  def issue(host)
    key = OpenSSL::PKey::EC.generate("prime256v1")
    certificate = sign(key, host, "subjectAltName" => "DNS:#{host}")
    { private_key: key.to_pem, cert: certificate.to_pem }
  end

  private

  def sign(key, name, extensions)
    certificate = OpenSSL::X509::Certificate.new
    certificate.version = 2
    certificate.serial = OpenSSL::BN.rand(64)
    certificate.subject = OpenSSL::X509::Name.new([["CN", name]])
    certificate.issuer = @certificate ? @certificate.subject : certificate.subject
    certificate.public_key = key
    certificate.not_before = Time.now - 60
    certificate.not_after = Time.now + 3600
    factory = OpenSSL::X509::ExtensionFactory.new
    extensions.each { |*extension| certificate.add_extension(factory.create_extension(*extension)) }
    certificate.sign(@key, OpenSSL::Digest.new("SHA256"))
  end
end

class Server < EventMachine::Connection
  def initialize(identity)
    super
    @identity = identity
  end

  def post_init
    start_tls(@identity)
  end
end

class Client < EventMachine::Connection
  def initialize(host, authority)
    super
    @host = host
    @authority = authority
    @ended = EventMachine::DefaultDeferrable.new
  end

  attr_reader :ended

  def connection_completed
    start_tls(verify: true, ca: @authority.certificate.to_pem, sni_hostname: @host)
  end

  def ssl_handshake_completed
    puts "this is #{@host}"
    close_connection
  end

  def unbind(reason)
    puts "this is not #{@host}: #{reason}" if reason
    @ended.succeed
  end
end

authority = Authority.new("Example authority")

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, Server, authority.issue("www.example.org"))
  port, address = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  visit = ->(host) { EventMachine.connect(address, port, Client, host, authority).ended }

  visit.call("www.example.org").callback do
    visit.call("www.example.net").callback { EventMachine.stop }
  end
end
