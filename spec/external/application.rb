# frozen_string_literal: true

require "fileutils"
require "io/wait"
require "rbconfig"
require "socket"
require "tmpdir"

# Runs an external program, unchanged, on the gem of this checkout. GEM_HOME has only a specification of the gem,
# so RubyGems prefers it to any other installed eventmachine.
class Application
  ROOT = File.expand_path("../..", __dir__)
  APPS = File.join(__dir__, "apps")
  PATIENCE = 15

  # Yields the application when it is listening, and stops it afterwards.
  #
  # @param command [Array<String>] what to run
  # @param at [Array, String] host and port, or the path of a Unix socket
  def self.run(*command, at:)
    application = new(command, at)
    application.wait_for_listener
    yield application
  ensure
    application&.stop
  end

  # @return [String] a directory to be used as GEM_HOME
  def self.gem_home
    @gem_home ||= Dir.mktmpdir("em-gem-home").tap do |home|
      at_exit { FileUtils.rm_rf(home) }
      install_specification(home)
    end
  end

  # As it would be installed; the extension is the one in lib.
  def self.install_specification(home)
    specification = Gem::Specification.load(File.join(ROOT, "eventmachine.gemspec")).dup
    specification.extensions = []
    FileUtils.mkdir_p(%w[gems specifications].map { |name| File.join(home, name) })
    File.symlink(ROOT, File.join(home, "gems", specification.full_name))
    File.write(File.join(home, "specifications", "#{specification.full_name}.gemspec"), specification.to_ruby)
  end
  private_class_method :install_specification

  def self.environment
    preload = ENV.fetch("EM_PRELOAD", nil)
    { "GEM_HOME" => gem_home, "RUBYLIB" => nil, "RUBYOPT" => preload && "-r#{preload}" }
  end

  # @return [String] a file of ours that it runs
  def self.app(name)
    File.join(APPS, name)
  end

  # @return [Integer] its process id
  attr_reader :process

  def initialize(command, address)
    @address = address
    @output = File.join(Dir.mktmpdir("em-application"), "output")
    @process = Process.spawn(self.class.environment, *command,
                             in: File::NULL, %i[out err] => @output, pgroup: true)
  end

  # @return [Socket] a connection to it
  def connect
    @address.is_a?(Array) ? TCPSocket.new(*@address) : UNIXSocket.new(@address)
  end

  def wait_for_listener
    deadline = now + PATIENCE
    begin
      connect.close
    rescue Errno::ECONNREFUSED, Errno::ENOENT
      raise "it did not listen: #{output}" if now > deadline || ended?

      sleep 0.02
      retry
    end
  end

  # Sends it a signal and waits until it has exited. Thin exits at once on SIGINT.
  #
  # @return [Process::Status]
  def stop(signal = :INT)
    return @status if @status

    Process.kill(signal, @process)
    deadline = now + PATIENCE
    sleep 0.01 until ended? || now > deadline
    return @status if @status

    Process.kill(:KILL, -@process)
    @status = Process.wait2(@process).last
  ensure
    FileUtils.rm_rf(File.dirname(@output))
  end

  # @return [String] what it has written
  def output
    File.read(@output, encoding: "UTF-8")
  end

  private

  def ended?
    @status ||= Process.wait2(@process, Process::WNOHANG)&.last
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
