# frozen_string_literal: true

module EventMachine
  module Protocols
    module Http
      # @param verb [String]
      # @param target [String] path and query
      # @param version [String]
      # @param fields [Array<Array(String, #to_s)>] names and values; fields without a value are left out
      # @return [String] the head of a request
      # @api private
      def self.request_head(verb, target, version, fields)
        lines = ["#{verb} #{target} HTTP/#{version}"]
        fields.each { |name, value| lines << "#{name}: #{value}" unless value.nil? }
        lines.join("\r\n") << "\r\n\r\n"
      end

      # @param args [Hash] the arguments of a request
      # @raise [ArgumentError] if one that goes into the head contains a line break
      # @return [void]
      # @api private
      def self.check_arguments(args)
        args.each do |name, value|
          next if %i[content basic_auth].include?(name)

          broken = Array(value).flatten.find { |word| word.to_s.match?(/[\r\n]/) }
          raise ArgumentError, "line break in #{name}: #{broken.inspect}" if broken
        end
      end
    end
  end
end
