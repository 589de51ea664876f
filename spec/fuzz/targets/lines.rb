# frozen_string_literal: true

module ProtocolFuzz
  mebibyte = 1024 * 1024

  modes = Module.new do
    def receive_line(line)
      note(:line, line)
      case line
      when /\AT(\d{1,3})/n then set_text_mode($1.to_i)
      when /\AU/n then set_text_mode
      when /\AD(.)/mn then set_delimiter($1)
      end
    end

    def receive_binary_data(data) = note(@lt2_textsize ? :text : :stream, data)
    def receive_end_of_binary_data = note(:end)
    def receive_error(message) = note(:error, message)
  end

  target("line_text2", EventMachine::Protocols::LineText2, flood: "x" * mebibyte, limit: 40) { include modes }

  target("line_text2_regexp", EventMachine::Protocols::LineText2, flood: "x" * mebibyte, limit: 40) do
    include modes

    def initialize
      super
      set_delimiter(/\r\n|;|--/)
    end
  end

  # Callbacks put data back, which the documentation allows.
  target("line_text2_nested", EventMachine::Protocols::LineText2) do
    def receive_line(line)
      note(:line, line)
      return if (@nested = @nested.to_i + 1) > 50

      case line
      when /\AR(.*)/mn then receive_data("#{$1};\n".b)
      when /\AL(.*)/mn then set_line_mode("#{$1};\n".b)
      when /\AT(\d{1,2})(.*)/mn then set_text_mode($1.to_i) && receive_data($2.b)
      end
    end

    def receive_binary_data(data)
      note(:text, data)
      receive_data("back\n".b) if data.start_with?("b")
    end

    def receive_error(message) = note(:error, message)
  end

  target("line_protocol", EventMachine::Protocols::LineProtocol, flood: "x" * mebibyte, limit: 40) do
    def receive_line(line) = note(:line, line)
  end

  target("line_and_text", EventMachine::Protocols::LineAndTextProtocol, flood: "x" * 1024, limit: 1) do
    def receive_line(line)
      note(:line, line)
      raise "boom" if line.b.include?("boom")

      set_binary_mode($1.to_i) if line =~ /\AT(\d{1,3})/n
    end

    def receive_binary_data(data) = note(:text, data)
    def receive_error(message) = note(:error, message)
  end

  target("header_and_content", EventMachine::Protocols::HeaderAndContentProtocol,
         flood: "#{'x' * 1023}\n", limit: 2) do
    def receive_first_header_line(line) = note(:first, line)
    def receive_headers(headers) = note(:headers, headers.dup, headers_2_hash(headers))
    def receive_request(headers, content) = note(:request, headers, content)
    def receive_error(message) = note(:error, message)
  end

  target("stomp", EventMachine::Protocols::Stomp, flood: "#{'x' * 1023}\n", limit: 40) do
    def receive_msg(message) = note(:message, message.command, message.header, message.body)
    def receive_error(message) = note(:error, message)
  end

  # The tokenizer reports a token that is too long by an exception. Where in the chunk it was found decides how many
  # of the tokens before it are delivered, so only the outcome counts.
  tokens = Module.new do
    def receive_data(data)
      @tokenizer ||= BufferedTokenizer.new("--", limit)
      @tokenizer.extract(data).each { |token| note(:token, token) }
    rescue RuntimeError => e
      raise unless e.message.start_with?("input buffer full")

      log.clear
      close_connection
    end
  end

  target("tokens", Object) do
    include tokens

    def limit = nil
    def unbind = note(:rest, @tokenizer&.flush.to_s)
  end

  target("tokens_with_limit", Object, flood: "x" * 1024, limit: 1) do
    include tokens

    def limit = 20
  end
end
