# frozen_string_literal: true

# As echo_64, by streams.
ask(nil, ("x" * 64).freeze) do
  EventMachine.serve("127.0.0.1", 0) { |stream| loop { stream.write(stream.readpartial(65_536)) } }
end
