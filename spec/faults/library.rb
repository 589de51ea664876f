# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "tmpdir"

# Runs programs whose system calls fail now and then; see faults.c.
module Faults
  ROOT = File.expand_path("../..", __dir__)

  # What a program did, and how many of its calls failed.
  Outcome = Struct.new(:output, :status, :faults)

  module_function

  # @param rules [Array<String>] such as "recv:short:3": one in three calls
  # @param command [Array<String>]
  # @param limit [Integer] seconds
  # @return [Outcome]
  def run(rules, *command, seed: 1, limit: 100)
    Dir.mktmpdir("faults") do |directory|
      report = File.join(directory, "report")
      environment = { "LD_PRELOAD" => library("faults"), "FAULTS" => rules.join(","), "FAULTS_SEED" => seed.to_s,
                      "FAULTS_REPORT" => report }
      output, status = Open3.capture2e("timeout", limit.to_s, "env",
                                       *environment.map { |name, value| "#{name}=#{value}" }, *command, chdir: ROOT)
      faults = File.exist?(report) ? File.foreach(report, encoding: "UTF-8").sum(&:to_i) : 0
      Outcome.new(output, status, faults)
    end
  end

  # @return [Outcome] of a Ruby program that has EventMachine
  def ruby(rules, program, **options)
    run(rules, RbConfig.ruby, "-Ilib", "-reventmachine", "-e", program, **options)
  end

  # Compiles a library if it is older than its source.
  #
  # @return [String] its path
  def library(name)
    source = File.join(__dir__, "#{name}.c")
    path = File.join(ROOT, "target", "#{name}.so")
    return path if File.exist?(path) && File.mtime(path) > File.mtime(source)

    FileUtils.mkdir_p(File.dirname(path))
    command = [RbConfig::CONFIG["CC"].split.first, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror",
               "-o", "#{path}.new", source, "-ldl"]
    output, status = Open3.capture2e(*command)
    raise "#{command.join(' ')}: #{output}" unless status.success?

    File.rename("#{path}.new", path)
    path
  end
end
