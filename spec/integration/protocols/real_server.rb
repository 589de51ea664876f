# frozen_string_literal: true

require "etc"
require "fileutils"
require "socket"
require "tempfile"
require "tmpdir"

# Runs a server program of the system on the loopback interface, in a directory of its own.
class RealServer
  # Reading a program from disk for the first time, on a busy machine, takes tens of seconds.
  LIMIT = 60
  SEARCHED = [*ENV.fetch("PATH", "").split(":"), "/usr/sbin", *Dir["/usr/lib/postgresql/*/bin"]].freeze
  # Ruby programs must load the system's libraries, not this one.
  ENVIRONMENT = { "RUBYOPT" => nil, "RUBYLIB" => nil, "GEM_PATH" => nil, "GEM_HOME" => nil,
                  "LC_ALL" => "C" }.freeze

  attr_reader :directory

  # @return [String] the path of a program
  # @raise [RuntimeError] if it is missing
  def self.program(name, package: name)
    found = SEARCHED.map { |directory| File.join(directory, name) }.find { |path| File.executable?(path) }
    found || raise("the program #{name} is missing; Debian's package #{package} has it")
  end

  # @return [Integer] a free TCP port
  def self.free_port
    TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
  end

  # @return [Array(String, Process::Status)] what a program wrote, and how it ended
  def self.run(*command, input: "")
    output = Tempfile.create("output")
    IO.pipe do |reader, writer|
      pid = Process.spawn(ENVIRONMENT, *command, in: reader, out: output, err: output, chdir: "/")
      writer.write(input)
      writer.close
      Process.wait(pid)
    end
    output.rewind
    [output.read, $?]
  ensure
    output&.close
    File.unlink(output.path) if output
  end

  # @param user [String, nil] who is to own the directory and run the program, if this is root
  def initialize(user: nil)
    @directory = Dir.mktmpdir("real-server-")
    @user = user if Process.uid.zero?
    FileUtils.chown(@user, nil, @directory) if @user
    FileUtils.chmod(0o755, @directory) if @user
  end

  # @return [String] a path in the server's directory
  def path(name)
    File.join(@directory, name)
  end

  # Writes a file into the server's directory.
  #
  # @return [String] its path
  def write(name, text)
    File.write(path(name), text)
    FileUtils.chown(@user, nil, path(name)) if @user
    path(name)
  end

  # @return [Array<String>] a command that is run as the server's user
  def as_user(*command)
    @user ? [self.class.program("runuser", package: "util-linux"), "-u", @user, "--", *command] : command
  end

  # Starts the program and waits until the block is true.
  #
  # @return [self]
  def start(*command)
    @log = path("server-output")
    @pid = Process.spawn(ENVIRONMENT, *as_user(*command), in: :close, out: @log, err: %i[child out],
                                                          chdir: @directory, pgroup: true)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + LIMIT
    until yield
      failed("ended") if Process.wait(@pid, Process::WNOHANG)
      failed("is not ready after #{LIMIT} s") if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.02
    end
    self
  end

  # Starts the program and waits until it listens on a port.
  #
  # @return [self]
  def start_on(port, *command)
    start(*command) { listening?(port) }
  end

  # @return [String] what the program has written
  def log
    File.read(@log, encoding: "UTF-8")
  end

  # @return [void]
  def stop
    if @pid
      Process.kill(:KILL, -@pid)
      Process.wait(@pid)
    end
  rescue Errno::ESRCH, Errno::ECHILD
    nil
  ensure
    FileUtils.rm_rf(@directory)
  end

  private

  def listening?(port)
    TCPSocket.new("127.0.0.1", port).close
    true
  rescue SystemCallError
    false
  end

  def failed(how)
    raise "the server #{how}:\n#{log}"
  end
end
