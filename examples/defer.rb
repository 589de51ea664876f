# frozen_string_literal: true

# Blocking work runs in a pool of threads. Its result or exception is delivered in the reactor's thread.
#
#   ruby examples/defer.rb

require "eventmachine"
require "digest"

EventMachine.run do
  reactor = Thread.current
  results = []
  finish = lambda do |text|
    raise "not in the reactor's thread" unless Thread.current == reactor

    results << text
    if results.size == 2
      puts results.sort
      EventMachine.stop
    end
  end

  EventMachine.defer(
    -> { Digest::SHA256.hexdigest("x" * 1_000_000) },
    ->(digest) { finish.call("digest of #{digest.size} digits") }
  )
  EventMachine.defer(
    -> { Integer("forty-two") },
    ->(number) { finish.call("the number #{number}") },
    ->(error) { finish.call("failed: #{error.class}") }
  )
end
