# frozen_string_literal: true

module EventMachine
  # Implementations of common protocols. Each is loaded when it is used for the first time. EventMachine::P is
  # the same module.
  module Protocols
    autoload :TcpConnectTester, "em/protocols/tcptest"
    autoload :HttpClient, "em/protocols/httpclient"
    autoload :HttpClient2, "em/protocols/httpclient2"
    autoload :LineAndTextProtocol, "em/protocols/line_and_text"
    autoload :HeaderAndContentProtocol, "em/protocols/header_and_content"
    autoload :LineText2, "em/protocols/linetext2"
    autoload :Stomp, "em/protocols/stomp"
    autoload :SmtpClient, "em/protocols/smtpclient"
    autoload :SmtpServer, "em/protocols/smtpserver"
    autoload :SASLauth, "em/protocols/saslauth"
    autoload :Memcache, "em/protocols/memcache"
    autoload :Postgres3, "em/protocols/postgres3"
    autoload :ObjectProtocol, "em/protocols/object_protocol"
    autoload :Socks4, "em/protocols/socks4"
    autoload :LineProtocol, "em/protocols/line_protocol"
  end

  # Short for EventMachine::Protocols.
  P = Protocols
end
