# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"

require_relative "subject"

module Bench
  # A server that is not EventMachine's, or a bare loop in C.
  #
  # @!attribute program [Array<String>] the command that it is told its kind after
  # @!attribute probe [Array<String>] the command that prints its version, and fails where it is not installed
  Rival = Struct.new(:id, :name, :program, :probe, keyword_init: true) do
    def command(line, _file, operations)
      [*program, line.kind, operations.to_s]
    end

    # A thread for each of 5,000 connections is not what threads are for.
    def runs?(line)
      line.rivals.include?(id) && (id != :threads || line.connections < 1_000)
    end

    def rival?
      true
    end

    # @return [String, nil] its version; nil where it is not installed
    def version
      output, status = Open3.capture2e(*probe)
      output.lines.last.to_s.strip if status.success?
    rescue Errno::ENOENT
      nil
    end
  end

  RIVALS = File.join(ROOT, "bench", "rivals")
  BARE_LOOP = File.join(ROOT, "bench", "rivals", "target", "epoll")
  RUBY = [RbConfig.ruby, "--disable-gems"].freeze
  # Debian's, since it is the one that Debian's uvloop is for.
  PYTHON = ENV.fetch("PYTHON") { File.executable?("/usr/bin/python3") ? "/usr/bin/python3" : "python3" }

  EVERY_RIVAL = [
    Rival.new(id: :c, name: "bare epoll loop in C", program: [BARE_LOOP], probe: %w[gcc -dumpfullversion]),
    Rival.new(id: :threads, name: "Ruby threads", program: [*RUBY, File.join(RIVALS, "threads.rb")],
              probe: [*RUBY, "-e", "puts RUBY_VERSION"]),
    Rival.new(id: :nio4r, name: "nio4r", program: [RbConfig.ruby, File.join(RIVALS, "nio4r.rb")],
              probe: [RbConfig.ruby, "-r", "nio", "-e", "puts NIO::VERSION"]),
    Rival.new(id: :node, name: "node", program: ["node", File.join(RIVALS, "node.js")],
              probe: %w[node --version]),
    Rival.new(id: :uvloop, name: "uvloop", program: [PYTHON, File.join(RIVALS, "uvloop_server.py")],
              probe: [PYTHON, "-c", "import uvloop; print(uvloop.__version__)"])
  ].freeze

  module_function

  def compile_bare_loop
    FileUtils.mkdir_p(File.dirname(BARE_LOOP))
    source = File.join(RIVALS, "epoll.c")
    system("gcc", "-O2", "-Wall", "-o", BARE_LOOP, source, exception: true)
  end
end
