# frozen_string_literal: true

module ProtocolFuzz
  client = Module.new do
    def initialize
      super
      self.args = { from: "a", to: %w[b c], header: { "S" => "x" }, body: "text", starttls: starttls,
                    auth: { type: :plain, username: "u", password: "p" } }
      callback { |values| note(:succeeded, values.code, values.message) }
      errback { |values| note(:failed, values.code, values.message, values.responder) }
      connection_completed
    end
  end

  server = Module.new do
    def initialize
      super
      self.parms = settings
    end

    def post_init; end

    %i[receive_ehlo_domain receive_sender receive_recipient receive_plain_auth receive_data_command
       receive_data_chunk receive_message receive_reset receive_transaction].each do |name|
      define_method(name) do |*values|
        note(name, values)
        verdict(values)
      end
    end
  end

  target("smtp_client", EventMachine::Protocols::SmtpClient, flood: "250-#{'x' * 1000}\r\n", limit: 2) do
    include client

    def starttls = false
  end

  target("smtp_client_tls", EventMachine::Protocols::SmtpClient, flood: "220-x\r\n", limit: 2) do
    include client

    def starttls = true
  end

  target("smtp_server", EventMachine::Protocols::SmtpServer, flood: "x" * 65_536, limit: 2) do
    include server

    def settings = { auth: true, starttls: true, chunksize: 2 }
    def verdict(_values) = true
  end

  # Asks for all that can be asked for, and refuses some of it by deferrables.
  target("smtp_server_strict", EventMachine::Protocols::SmtpServer, flood: "x" * 65_536, limit: 2) do
    include server

    def settings = { auth: :required, chunksize: 1 }

    def verdict(values)
      refused = values.any? { |value| value.to_s.b.include?("no") }
      EventMachine::DefaultDeferrable.new.tap { |verdict| refused ? verdict.fail : verdict.succeed }
    end
  end

  target("saslauth", EventMachine::Protocols::SASLauth) do
    def initialize = post_init
    def validate(*values) = note(:validate, values)
  end

  target("saslauth_client", EventMachine::Protocols::SASLauthclient, flood: "\0" * 1024, limit: 1) do
    def initialize
      post_init
      2.times { validate?("u", "p").callback { note(:yes) }.errback { note(:no) } }
    end
  end
end
