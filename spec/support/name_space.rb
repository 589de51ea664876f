# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tempfile"

# Runs programs with a name server of their own, which says nothing or what the program wants: in a network
# and a mount namespace of their own.
module NameSpace
  # The seconds that a program may take, less than an example may.
  PATIENCE = 6
  FILES = {
    "/etc/resolv.conf" => "nameserver 127.0.0.1\noptions timeout:30\n", "/etc/nsswitch.conf" => "hosts: dns\n"
  }.freeze
  # What is in resolv.conf holds there.
  ENVIRONMENT = { "RES_OPTIONS" => nil }.freeze
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

  # What comes before programs with a name server that answers: `addresses` has them by host, A and AAAA
  # together. A host may be :mute; one that is not in it does not exist. `mute` has types that get no answer.
  ANSWERS = <<~RUBY
    require "resolv"
    $stdout.sync = true
    up = ["lo", 0x1].pack("a16s!x22")
    UDPSocket.open { |socket| socket.ioctl(0x8914, up) }
    nameserver = UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 53) }
    addresses = {}
    mute = []
    answer = lambda do |query|
      host, type = query.question.first.then { |name, type| [name.to_s, type] }
      known = addresses[host]
      next if known == :mute || mute.include?(type)

      reply = Resolv::DNS::Message.new(query.id).tap { |message| message.qr = message.rd = message.ra = 1 }
      reply.rcode = known ? 0 : 3
      reply.add_question(host, type)
      fitting = known.to_a.select { |address| address.include?(":") == (type == Resolv::DNS::Resource::IN::AAAA) }
      fitting.each { |address| reply.add_answer(host, 60, type.new(address)) }
      reply.encode
    end
    Thread.new do
      loop do
        data, (_, port, _, host) = nameserver.recvfrom(512)
        reply = answer.call(Resolv::DNS::Message.decode(data))
        nameserver.send(reply, 0, host, port) if reply
      end
    end
  RUBY

  # @return [Boolean] whether the machine allows it
  def self.allowed?
    return @allowed if defined?(@allowed)

    @allowed = FILES.keys.all? { |path| File.exist?(path) } &&
               system(*COMMAND, "true", out: File::NULL, err: File::NULL) == true
  end

  # As {ProcessHelper#run_ruby}, with the prelude.
  def run_unanswered(script)
    run_in_name_space(PRELUDE + script)
  end

  # As {ProcessHelper#run_ruby}, with {ANSWERS}.
  def run_answered(script)
    run_in_name_space(ANSWERS + script)
  end

  private

  # @return [Numeric] seconds
  def patience
    PATIENCE
  end

  def run_in_name_space(program)
    skip "namespaces are not allowed here" unless NameSpace.allowed?

    with_files do |mounts|
      ruby = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", program]
      start = "#{mounts.join(' && ')} && exec \"$@\""
      words = [*NameSpace::COMMAND, "sh", "-c", start, "sh", *ruby]
      Open3.popen2e(NameSpace::ENVIRONMENT, *words, pgroup: true) do |input, output, process|
        input.close
        read_within(patience, output, process)
      end
    end
  end

  # Yields the commands that put the files in place.
  def with_files
    files = FILES.transform_values { |text| Tempfile.create("em-name").tap { |file| file.write(text) && file.close } }
    yield(files.map { |path, file| "mount --bind #{file.path} #{path}" })
  ensure
    files&.each_value { |file| File.unlink(file.path) }
  end
end
