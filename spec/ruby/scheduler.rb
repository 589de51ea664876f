# frozen_string_literal: true

# What Ruby's own tests of fiber schedulers take in place of their example scheduler.
require "eventmachine"
begin
  require "io/nonblock"
rescue LoadError
  # There is none for this Ruby.
end

# Ruby's example can be left for the fiber that made it, of which the interface of schedulers says nothing.
class Scheduler < EventMachine::Scheduler
  def initialize
    super
    @maker = Fiber.current
  end

  def transfer
    @maker.transfer
  end
end

class IOBufferScheduler < Scheduler
  EAGAIN = RUBY_VERSION < "3.2" ? Errno::EAGAIN::Errno : -Errno::EAGAIN::Errno
end

class BrokenUnblockScheduler < Scheduler
  def unblock(blocker, fiber)
    super
    raise "Broken unblock!"
  end
end

class SleepingUnblockScheduler < Scheduler
  def unblock(blocker, fiber)
    super
    sleep(0.1)
  end
end

class SleepingBlockingScheduler < Scheduler
  def kernel_sleep(duration = nil)
    Fiber.blocking { sleep 0.0001 }
    block(:sleep, duration)
    true
  end
end
