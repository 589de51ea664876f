# frozen_string_literal: true

module EventMachine
  module Protocols
    module Http
      # @param verb [String]
      # @param target [String] path and query
      # @param version [String]
      # @param fields [Array<Array(String, #to_s)>] names and values; fields without a value are left out
      # @return [String] the head of a request, byte by byte: its parts may have any encodings
      # @api private
      def self.request_head(verb, target, version, fields)
        head = "#{verb} ".b << bytes(target) << " HTTP/" << bytes(version) << "\r\n"
        fields.each { |name, value| head << bytes(name) << ": " << bytes(value) << "\r\n" unless value.nil? }
        head << "\r\n"
      end

      # @param text [#to_s]
      # @return [String]
      # @api private
      def self.bytes(text)
        text.to_s.b
      end

      # @param args [Hash] the arguments of a request
      # @raise [ArgumentError] if one that goes into the head contains a line break
      # @return [void]
      # @api private
      def self.check_arguments(args)
        args.each do |name, value|
          next if %i[content basic_auth].include?(name)

          broken = Array(value).flatten.find { |word| bytes(word).match?(/[\r\n]/n) }
          raise ArgumentError, "line break in #{name}: #{broken.inspect}" if broken
        end
      end
    end
  end
end
