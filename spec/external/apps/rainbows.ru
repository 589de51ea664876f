# frozen_string_literal: true

require "eventmachine"

plain = { "Content-Type" => "text/plain" }

run(lambda do |env|
  case env["PATH_INFO"]
  when "/later"
    answer = env["async.callback"]
    EventMachine.add_timer(0.1) { answer.call([200, plain.merge("Content-Length" => "5"), ["later"]]) }
    throw :async
  when "/size"
    size = env["rack.input"].read.bytesize.to_s
    [200, plain.merge("Content-Length" => size.bytesize.to_s), [size]]
  when "/file"
    file = File.open(__FILE__)
    [200, plain.merge("Content-Length" => file.size.to_s), file]
  else [200, plain.merge("Content-Length" => EventMachine::VERSION.bytesize.to_s), [EventMachine::VERSION]]
  end
end)
