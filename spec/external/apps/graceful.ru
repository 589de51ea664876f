# frozen_string_literal: true

require "eventmachine"

# Answers after some time, and says in the end how many requests there were. SIGUSR2 asks for the end.
requests = 0
at_exit { puts "#{requests} requests" }
trap("USR2") { EventMachine.stop_gracefully(20, quiet: 0.2) }

run(lambda do |env|
  requests += 1
  EventMachine.add_timer(0.3) do
    env["async.callback"].call([200, { "Content-Type" => "text/plain" }, ["the answer"]])
  end
  [-1, {}, []]
end)
