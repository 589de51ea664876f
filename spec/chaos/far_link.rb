# frozen_string_literal: true

require "rbconfig"
require "socket"

# Two hosts, each in a network of its own, with a link between them that delays packets and loses some. Both ends of
# the link are tun devices: what the kernel of one host sends is read from its device, kept for a while, and written to
# the other's. So TCP is the kernel's own.
module FarLink
  DEVICE = "far0"
  # TUNSETIFF of linux/if_tun.h, and a device for packets without a header of its own.
  TUNSETIFF = 0x400454ca
  TUN_WITHOUT_HEADER = 0x1001
  NEAR = %w[10.9.0.1/24 fd00:9::1/64].freeze
  FAR = %w[10.9.0.2/24 fd00:9::2/64].freeze
  # The largest packet, and more.
  PACKET = 65_536

  module_function

  # Starts the other host, which runs a program, and the link to it.
  #
  # @param delays [Hash{Integer => Float}] seconds that a packet takes, by the version of IP
  # @param loss [Float] which share of the packets is lost
  # @return [void]
  def start(program, delays:, loss: 0.0)
    near = device(NEAR)
    here, there = UNIXSocket.pair
    library = File.expand_path("../../lib", __dir__)
    command = [RbConfig.ruby, "-I", library, "-r", "eventmachine", "-r", __FILE__, "-e", "FarLink.serve\n#{program}"]
    far_host = Process.spawn("unshare", "--net", *command, in: there)
    there.close
    far = here.recv_io
    here.readchar
    link = fork { Link.new(near, far, delays, loss).carry }
    at_exit { [far_host, link].each { |pid| Process.kill("KILL", pid) } }
  end

  # The other host's part: hands over its end of the link.
  def serve
    UNIXSocket.for_fd($stdin.fileno).send_io(device(FAR))
  end

  # Says that the other host's servers are up.
  def tell
    UNIXSocket.for_fd($stdin.fileno).write(".")
  end

  def device(addresses)
    file = File.open("/dev/net/tun", "r+b")
    file.ioctl(TUNSETIFF, [DEVICE, TUN_WITHOUT_HEADER].pack("a16S!x22"))
    addresses.each do |address|
      configure("address", "add", address, "dev", DEVICE, *("nodad" if address.include?(":")))
    end
    configure("link", "set", DEVICE, "up")
    file
  end

  def configure(*words)
    system("ip", *words, exception: true)
  end

  # Carries packets both ways.
  class Link
    def initialize(near, far, delays, loss)
      @targets = { near => far, far => near }
      @delays = delays
      @loss = loss
      @random = Random.new(9)
      # Those on the way, of each version of IP, in the order of their times.
      @carried = delays.keys.to_h { |version| [version, []] }
    end

    # Does so until it is killed.
    def carry
      loop do
        readable, = IO.select(@targets.keys, nil, nil, pause)
        readable&.each { |source| take(source) }
        deliver
      end
    end

    private

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def pause
      due = @carried.each_value.filter_map { |packets| packets.first&.first }.min
      due && [due - now, 0].max
    end

    def take(source)
      packet = source.read_nonblock(PACKET)
      version = packet.getbyte(0) >> 4
      return if @random.rand < @loss

      @carried.fetch(version) << [now + @delays.fetch(version), @targets.fetch(source), packet]
    end

    def deliver
      @carried.each_value do |packets|
        while packets.any? && packets.first.first <= now
          _, target, packet = packets.shift
          target.syswrite(packet)
        end
      end
    end
  end
end
