# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tempfile"

# Runs programs where nobody answers name queries: in a network and a mount namespace of their own, with a
# name server that says nothing.
module NameSpace
  # The seconds that a program may take, less than an example may.
  PATIENCE = 6
  FILES = {
    "/etc/resolv.conf" => "nameserver 127.0.0.1\noptions timeout:30\n", "/etc/nsswitch.conf" => "hosts: dns\n"
  }.freeze
  COMMAND = %w[unshare --map-root-user --mount --net].freeze

  # What comes before each program: the loopback interface is up, `asked` gets true when a name is asked for.
  PRELUDE = <<~RUBY
    $stdout.sync = true
    up = ["lo", 0x1].pack("a16s!x22")
    UDPSocket.open { |socket| socket.ioctl(0x8914, up) }
    nameserver = UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 53) }
    asked = Queue.new
    Thread.new { loop { nameserver.recv(512) && asked << true } }
  RUBY

  # @return [Boolean] whether the machine allows it
  def self.allowed?
    return @allowed if defined?(@allowed)

    @allowed = FILES.keys.all? { |path| File.exist?(path) } &&
               system(*COMMAND, "true", out: File::NULL, err: File::NULL) == true
  end

  # As {ProcessHelper#run_ruby}, with the prelude.
  def run_unanswered(script)
    skip "namespaces are not allowed here" unless NameSpace.allowed?

    with_files do |mounts|
      ruby = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", PRELUDE + script]
      start = "#{mounts.join(' && ')} && exec \"$@\""
      Open3.popen2e(*NameSpace::COMMAND, "sh", "-c", start, "sh", *ruby, pgroup: true) do |input, output, process|
        input.close
        read_within(NameSpace::PATIENCE, output, process)
      end
    end
  end

  private

  # Yields the commands that put the files in place.
  def with_files
    files = FILES.transform_values { |text| Tempfile.create("em-name").tap { |file| file.write(text) && file.close } }
    yield(files.map { |path, file| "mount --bind #{file.path} #{path}" })
  ensure
    files&.each_value { |file| File.unlink(file.path) }
  end
end
