# frozen_string_literal: true

# What servers in Ruby answer; each answer is yielded.

REQUEST = 64

# What comes goes back.
class Echo
  def to(data)
    yield data
  end
end

# An answer of 64 B to each request of 64 B.
class Pipelined
  ANSWER = ("x" * REQUEST).freeze

  def initialize
    @partial = 0
  end

  def to(data)
    @partial += data.bytesize
    while @partial >= REQUEST
      @partial -= REQUEST
      yield ANSWER
    end
  end
end

# 32 answers of 64 B to each request of 64 B.
class Sends < Pipelined
  def to(data)
    super { |answer| 32.times { yield answer } }
  end
end

ANSWERS = { "echo" => Echo, "pipelined" => Pipelined, "sends" => Sends }.freeze
