# frozen_string_literal: true

require "etc"

module Bench
  # What the figures are from.
  module Machine
    module_function

    # @return [String] processor, cores, kernel and Ruby
    def describe
      "#{processor}, #{Etc.nprocessors} cores, Linux #{Etc.uname[:release]}, #{RUBY_DESCRIPTION}"
    end

    def processor
      lines = File.foreach("/proc/cpuinfo", encoding: "UTF-8")
      names = lines.filter_map { |line| line[/^model name\s*: (.*)/, 1] }
      names.first || Etc.uname[:machine]
    end
  end
end
