# frozen_string_literal: true

module EventMachine
  module Protocols
    module Smtp
      # What {SmtpClient} sends after DATA. Texts are taken byte by byte: a mail may have parts in several encodings.
      module MailData
        END_OF_DATA = "\r\n.\r\n"
        private_constant :END_OF_DATA

        private

        def mail_data
          if @args[:message] then smtp_lines(@args[:message]) << END_OF_DATA
          elsif @args[:content] then finished(bytes_of(@args[:content]))
          else mail_header << smtp_lines(@args[:body]) << END_OF_DATA
          end
        end

        def finished(content)
          return content if content.end_with?(END_OF_DATA) || content == ".\r\n"

          content << (content.end_with?("\r\n") ? ".\r\n" : END_OF_DATA)
        end

        def mail_header
          header = @args[:header]
          return bytes_of(header) << "\r\n" unless header.is_a?(Hash)

          fields = header.flat_map do |name, values|
            values = [values] unless values.is_a?(Array)
            values.map { |value| bytes_of(name) << ": " << bytes_of(value) << "\r\n" }
          end
          bytes_of(fields) << "\r\n"
        end

        # The text as it stands between DATA and the end of the mail (RFC 5321, 2.3.8 and 4.5.2).
        def smtp_lines(text)
          escape_leading_dots(bytes_of(text).gsub(/\r?\n/n, "\r\n"))
        end

        # @return [String] the text with each dot that begins a line doubled
        def escape_leading_dots(text)
          text.gsub(/^\./n, "..")
        end

        def bytes_of(text)
          text.is_a?(Array) ? text.flatten.map { |part| part.to_s.b }.join.b : text.to_s.b
        end
      end
    end
    private_constant :Smtp
  end
end
