# frozen_string_literal: true

# What callbacks are told in which order, on this gem and on Debian's.
module Order
  # One line of the table: what Debian's gem tells with select(2) and with epoll, and what this one tells.
  Row = Struct.new(:group, :name, :select, :epoll, :ours, :scene)

  @rows = []

  class << self
    # @return [Array<Row>]
    attr_reader :rows

    def group(name, &rows)
      @group = name
      instance_exec(&rows)
    end

    # @param both [String] what either engine of Debian's gem tells
    # @param select [String] what it tells with select(2), where that is not the same
    # @param epoll [String, nil] what it tells with epoll; nil where that is not always the same
    # @param ours [String] what this gem tells: the same as with select(2), unless given
    # @yield in a {Scene}, as the block of EventMachine.run
    def row(name, both = nil, select: both, epoll: both, ours: select, &scene)
      rows << Row.new(@group, name, select, epoll, ours, scene)
    end
  end
end

Dir[File.join(__dir__, "rows", "*.rb")].each { |file| require file }
