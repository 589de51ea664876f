# frozen_string_literal: true

# For `ruby -r`: each loop has a scheduler of fibers from its beginning on, as where a program uses
# EventMachine.fiber somewhere. What callbacks do is to be the same.

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
