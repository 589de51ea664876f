# frozen_string_literal: true

# 64 requests of 64 B come at once and are answered one by one.
module Pipelined
  ANSWER = ("x" * 64).freeze

  def receive_data(data)
    (data.bytesize / 64).times { send_data(ANSWER) }
  end
end

ask(Pipelined, ("x" * 4096).freeze, times: OPERATIONS / 64)
