# frozen_string_literal: true

require "json"
require_relative "order/scene"
require_relative "order/table"

# The table of docs/design.md, "Order within a turn": what is told first, and what comes in the same turn. Each
# row is held against this gem and, where it is installed, against Debian's, with select(2) and with epoll.
module OrderProgram
  PROGRAM = File.expand_path("order/program.rb", __dir__)
  ENGINES = { ours: ["-I", ProcessHelper::LIBRARY], select: [], epoll: [] }.freeze

  class << self
    # @return [Boolean] whether Debian's gem is there
    def debian?
      return @debian if defined?(@debian)

      version = "require 'eventmachine'; exit EM::VERSION.start_with?('1.3.0.dev')"
      @debian = system({ "RUBYOPT" => nil }, RbConfig.ruby, "-e", version, %i[out err] => File::NULL)
    end

    # @param engine [Symbol] one of ENGINES
    # @return [Hash{String => String}] what was told in each scene
    def told(engine)
      (@told ||= {})[engine] ||= JSON.parse(play(engine))
    end

    private

    def play(engine)
      arguments = engine == :epoll ? ["--epoll"] : []
      output, status = Open3.capture2e({ "RUBYOPT" => nil }, "timeout", "60", RbConfig.ruby, *ENGINES[engine], PROGRAM,
                                       *arguments)
      status.success? ? output : raise("the program failed with #{engine}: #{output}")
    end
  end
end

RSpec.describe "the order within a turn", time_limit: 60 do
  Order.rows.group_by(&:group).each do |group, rows|
    describe group do
      rows.each do |row|
        it row.name do
          expect(OrderProgram.told(:ours)[row.name]).to eq(row.ours)
        end
      end
    end
  end

  %i[select epoll].each do |engine|
    it "is told right of Debian's gem with #{engine}" do
      skip "Debian's ruby-eventmachine is not installed" unless OrderProgram.debian?

      expected = Order.rows.to_h { |row| [row.name, row[engine]] }.compact
      expect(OrderProgram.told(engine).slice(*expected.keys)).to eq(expected)
    end
  end
end
