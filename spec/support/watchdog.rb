# frozen_string_literal: true

require "io/wait"

# Ends examples that take too long: by an exception or, if that cannot be delivered, by ending the process.
module Watchdog
  LIMIT = 10
  GRACE = 10
  # How many times slower everything is: an emulated processor, or checks of the types of all calls.
  FACTOR = Integer(ENV.fetch("SPEC_PATIENCE", 1))

  # Must not be rescued in an example.
  Expired = Class.new(Exception)

  def self.guard(limit)
    subject = Thread.current
    reader, writer = IO.pipe
    watcher = Thread.new { watch(subject, reader, limit * FACTOR) }
    yield
  ensure
    writer&.close
    watcher&.join
    reader&.close
  end

  # The pipe is closed as soon as the guarded block has ended.
  def self.watch(subject, finished, limit)
    return if finished.wait_readable(limit)

    subject.raise(Expired, "took more than #{limit} s")
    return if finished.wait_readable(GRACE)

    warn "stuck beyond #{limit} s, at", *subject.backtrace
    exit!(124)
  end
  private_class_method :watch
end
