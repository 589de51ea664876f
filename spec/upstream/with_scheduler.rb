# frozen_string_literal: true

# For `ruby -r`: each loop has a scheduler of fibers from its beginning on, as where a program uses
# EventMachine.fiber somewhere. What callbacks do is to be the same.

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"

module WithScheduler
  def run(blk = nil, tail = nil, &block)
    body = blk || block
    return super if reactor_running? || body.nil?

    super(-> {
      fiber { nil }
      body.call
    }, tail)
  end
end

EventMachine.singleton_class.prepend(WithScheduler)
