# frozen_string_literal: true

# A message is answered by 32 sends.
module Sends
  PIECE = ("x" * 64).freeze

  def receive_data(_data)
    32.times { send_data(PIECE) }
  end
end

ask(Sends, ("x" * 64).freeze, 2048)
