# frozen_string_literal: true

require "securerandom"

RSpec.describe "Protocols under bad input" do
  seed = Integer(ENV.fetch("FUZZ_SEED", "20261122"))
  rounds = Integer(ENV.fetch("FUZZ_ROUNDS", "200"))
  mebibyte = 1024 * 1024

  protocols = EventMachine::Protocols
  recorder = ProtocolFuzz::Recorder

  # A class that records, made of a protocol that is a module.
  plain = lambda do |protocol, &body|
    Class.new do
      include protocol
      include recorder
      class_eval(&body) if body
    end
  end

  # A class that records, made of a protocol that is a class.
  connection = lambda do |protocol, &body|
    Class.new(protocol) do
      include recorder
      class_eval(&body) if body
    end
  end

  lines = plain.call(protocols::LineText2) do
    def receive_line(line)
      note(:line, line)
      case line
      when /\AT(\d{1,3})/ then set_text_mode($1.to_i)
      when /\AU/ then set_text_mode
      when /\AD(.)/ then set_delimiter($1)
      end
    end

    def receive_binary_data(data) = note(@lt2_textsize ? :text : :stream, data)
    def receive_end_of_binary_data = note(:end)
    def receive_error(message) = note(:error, message)
  end

  split_lines = Class.new(lines) do
    def initialize
      super
      set_delimiter(/\r\n|;|--/)
    end
  end

  line_and_text = connection.call(protocols::LineAndTextProtocol) do
    def receive_line(line)
      note(:line, line)
      raise "boom" if line.include?("boom")

      set_binary_mode($1.to_i) if line =~ /\AT(\d{1,3})/
    end

    def receive_binary_data(data) = note(:text, data)
    def receive_error(message) = note(:error, message)
  end

  header_and_content = connection.call(protocols::HeaderAndContentProtocol) do
    def receive_first_header_line(line) = note(:first, line)
    def receive_headers(headers) = note(:headers, headers.dup, headers_2_hash(headers))
    def receive_request(headers, content) = note(:request, headers, content)
  end

  http_client = connection.call(protocols::HttpClient) do
    def initialize
      super
      @args = { host: "h", port: 80 }
      callback { |response| note(:succeeded, response) }
      errback { |response| note(:failed, response) }
      connection_completed
    end
  end

  http_client2 = connection.call(protocols::HttpClient2) do
    def initialize
      super
      set_default_host_header("h", 80, false)
      connection_completed
      [{}, { verb: "HEAD" }, {}].each do |args|
        request = request(args)
        request.callback { note(:succeeded, request.status, request.headers, request.content) }
        request.errback { note(:failed, request.internal_error) }
      end
    end
  end

  memcache = plain.call(protocols::Memcache) do
    def initialize
      super("h")
      connection_completed
      get("a", "b") { |*values| note(:got, values) }
      set("a", "x") { |stored| note(:set, stored) }
      delete("a") { |deleted| note(:deleted, deleted) }
      get("c") { |value| note(:got, value) }
    end

    undef_method :unbind
  end

  objects = plain.call(protocols::ObjectProtocol) do
    def serializer = ProtocolsSpecSerializer
    def receive_object(object) = note(:object, object)
  end

  postgres = connection.call(protocols::Postgres3) do
    def initialize
      super
      connect("db", "user", "secret").callback { |*outcome| note(:connected, outcome) }
      2.times { query("select 1").callback { |*outcome| note(:answer, outcome) } }
    end
  end

  sasl = plain.call(protocols::SASLauth) do
    def initialize = post_init
    def validate(*values) = note(:validate, values)
  end

  sasl_client = plain.call(protocols::SASLauthclient) do
    def initialize
      post_init
      2.times { validate?("u", "p").callback { note(:yes) }.errback { note(:no) } }
    end
  end

  smtp_client = connection.call(protocols::SmtpClient) do
    def initialize
      super
      self.args = { from: "a", to: %w[b c], header: { "S" => "x" }, body: "text",
                    auth: { type: :plain, username: "u", password: "p" } }
      callback { |values| note(:succeeded, values.code, values.message) }
      errback { |values| note(:failed, values.code, values.message, values.responder) }
      connection_completed
    end
  end

  smtp_server = connection.call(protocols::SmtpServer) do
    def initialize
      super
      self.parms = { auth: true, starttls: true, chunksize: 2 }
    end

    def post_init; end

    %i[receive_ehlo_domain receive_sender receive_recipient receive_plain_auth receive_data_command
       receive_data_chunk receive_message receive_reset receive_transaction].each do |name|
      define_method(name) do |*values|
        note(name, values)
        true
      end
    end
  end

  socks4 = connection.call(protocols::Socks4) do
    def initialize
      super("127.0.0.1", 80)
    end

    def post_init = note(:post_init)
    def receive_data(data) = note(:stream, data)
  end

  stomp = plain.call(protocols::Stomp) do
    def receive_msg(message) = note(:message, message.command, message.header, message.body)
    def receive_error(message) = note(:error, message)
  end

  dump = ->(object) { (text = Marshal.dump(object)) && [text.bytesize, text].pack("Na*") }
  pg = ->(type, body = "") { [type, body.bytesize + 4, body].pack("aNa*") }
  fields = ->(*words) { words.map { |word| [word.bytesize, word].pack("na*") }.join }
  pg_login = "#{pg['R', [0].pack('N')]}#{pg['S', "a\0b\0"]}#{pg['K', 'x' * 8]}#{pg['Z', 'I']}"
  pg_columns = pg["T", [1, "c", 1, 2, 3, 4, 5, 6].pack("nZ*NnNnNn")]
  pg_row = pg["D", [2, 1, "x", -1].pack("nNaN")]
  pg_rows = "#{pg_columns}#{pg_row}#{pg['C', "SELECT 1\0"]}#{pg['Z', 'I']}"
  pg_password = pg["R", [5, 1].pack("NN")]
  pg_error = "#{pg['E', "SERROR\0Mbad\0\0"]}#{pg['Z', 'I']}"
  pg_scram = "#{pg['R', [10, "SCRAM-SHA-256\0\0"].pack('Na*')]}" \
             "#{pg['R', [11, 'r=nonceX,s=AAAA,i=1'].pack('Na*')]}#{pg['R', [12, 'v=AAAA'].pack('Na*')]}"

  stub_const = { "ProtocolsSpecSerializer" => Class.new do
    def self.load(text)
      raise TypeError, "no dump" unless text.start_with?("\x04\b".b)

      text
    end
  end }

  subjects = {
    "LineText2" => [lines, ["a\r\nb\nT5\nabcde\nD;x;y;\n", "T3\nabcU\nrest\n", "line\r\n" * 5],
                    "x" * mebibyte, 40],
    "LineText2 with a Regexp" => [split_lines, ["a;b\r\nc--T5;12345x;", "--;;\r\n\n"], "x" * mebibyte, 40],
    "LineProtocol" => [plain.call(protocols::LineProtocol) { def receive_line(line) = note(:line, line) },
                       ["a\r\nb\n\nc\n"], "x" * mebibyte, 40],
    "LineAndTextProtocol" => [line_and_text, ["a\r\nT4\nabcdT0\nx\n", "boom\nb\n"], "x" * 1024, 1],
    "HeaderAndContentProtocol" =>
      [header_and_content, ["GET /\r\nContent-length: 3\r\n\r\nabc", "a: b\nc: d\n\n"], "#{'x' * 1023}\n", 2],
    "HttpClient" =>
      [http_client, ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n c\r\n\r\nabc",
                     "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
                     "3\r\nabc\r\n0\r\n\r\n",
                     "HTTP/1.0 200 OK\r\n\r\nabc", "HTTP/1.1 204 No\r\n\r\n"], "HTTP/1.1 200 OK\r\n", 1],
    "HttpClient2" =>
      [http_client2, ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\nabc",
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
                      "HTTP/1.1 304 Same\r\n\r\n"], "HTTP/1.1 200 OK\r\n", 1],
    "Memcache" => [memcache, ["VALUE a 0 3\r\nabc\r\nVALUE b 0 0\r\n\r\nEND\r\nSTORED\r\nNOT_FOUND\r\n",
                              "END\r\nSERVER_ERROR x\r\nDELETED\r\nERROR\r\n"], "x" * 1024, 1],
    "ObjectProtocol" => [objects, [dump[[1, "a"]], dump[{ a: nil }] * 2], "\x7F" * 1024, 1],
    "Postgres3" => [postgres, [pg_login + pg_rows, pg_password + pg_login + pg_error, pg_scram],
                    "\x7F" * 1024, 1],
    "SASLauth" => [sasl, [fields["u", "p", "s", "r"], fields["u", "", "", ""] * 2], "\xFF" * mebibyte, nil],
    "SASLauthclient" => [sasl_client, [fields["OK"], fields["NO x", "OK"]], "\0" * 1024, 1],
    "SmtpClient" => [smtp_client, ["220 a\r\n250-b\r\n250 c\r\n235 d\r\n250 e\r\n250 f\r\n" \
                                   "550 g\r\n354 h\r\n250 i\r\n", "220 a\r\n500 b\r\n"],
                     "250-#{'x' * 1000}\r\n", 2],
    "SmtpServer" => [smtp_server, ["EHLO a\r\nMAIL FROM:<b>\r\nRCPT TO:<c>\r\nDATA\r\n" \
                                   "a\r\n..b\r\nc\r\n.\r\nQUIT\r\n",
                                   "HELO a\r\nAUTH PLAIN AGEAYg==\r\nRSET\r\nVRFY x\r\nNOOP\r\n",
                                   "EHLO a\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nSTARTTLS\r\nNOOP\r\n"],
                     "x" * 65_536, 2],
    "Socks4" => [socks4, ["\0\x5A#{'x' * 6}data", "\0\x5B#{'x' * 6}"], "\xFF" * 1024, 1],
    "Stomp" => [stomp, ["CONNECTED\nsession:1\n\n\0\n", "MESSAGE\ncontent-length:3\n\na\0b\0\n",
                        "MESSAGE\r\na:b:c\r\n\r\nbody\nbody\0"], "#{'x' * 1023}\n", 40]
  }

  build = ->(parser) { parser < EventMachine::Connection ? parser.new(nil) : parser.new }

  before do
    stub_const.each { |name, value| stub_const(name, value) }
    allow(SecureRandom).to receive(:base64).and_return("nonce")
  end

  subjects.each do |name, (parser, samples, flood, limit)|
    describe name, time_limit: 60 do
      it "does the same whatever the chunks are, and raises nothing" do
        source = ProtocolFuzz::Source.new(seed)
        rounds.times do |round|
          stream = source.stream(samples)
          whole = ProtocolFuzz.run(build[parser], [stream])
          [1, 3, 50].each do |longest|
            pieces = source.chunks(stream, longest)
            expect(ProtocolFuzz.run(build[parser], pieces))
              .to eq(whole), "FUZZ_SEED=#{seed}, round #{round}: other events for #{pieces.inspect}"
          end
        rescue StandardError, SystemStackError => e
          raise "FUZZ_SEED=#{seed}, round #{round}: #{stream.inspect} raised #{e.full_message}"
        end
      end

      it "ends a flood#{limit ? " within #{limit} MiB" : ''}, and holds no more" do
        object = build[parser]
        fed = 0
        until object.ended? || fed > (limit || 10) * mebibyte
          object.receive_data(flood.b)
          object.log.clear unless object.ended?
          fed += flood.bytesize
          held = ProtocolFuzz.held(object) if (fed % mebibyte) < flood.bytesize
          expect(held || 0).to be <= (limit || 1) * 2 * mebibyte
        end
        expect(object.ended?).to be(limit ? true : nil)
      end
    end
  end
end
