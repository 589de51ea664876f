# frozen_string_literal: true

require "digest"
require "eventmachine"

# A body whose parts are sent while the response is under way.
class StreamedBody
  include EventMachine::Deferrable

  def call(parts)
    parts.each { |part| @send.call(part) }
  end

  def each(&block)
    @send = block
  end
end

library = lambda do |_env|
  path = $LOADED_FEATURES.grep(%r{/eventmachine\.(so|bundle)\z}).first
  [200, { "Content-Type" => "text/plain" }, ["#{EventMachine::VERSION} #{path}"]]
end

digest = lambda do |env|
  body = env["rack.input"]
  sum = Digest::SHA256.new
  while (part = body.read(65_536))
    sum << part
  end
  [200, { "Content-Type" => "text/plain" }, [sum.hexdigest]]
end

stream = lambda do |env|
  body = StreamedBody.new
  parts = %w[one two three]
  EventMachine.next_tick do
    env["async.callback"].call([200, { "Content-Type" => "text/plain" }, body])
    timer = EventMachine.add_periodic_timer(0.02) do
      next body.call([parts.shift]) unless parts.empty?

      timer.cancel
      body.succeed
    end
  end
  [-1, {}, []]
end

deferred = lambda do |env|
  EventMachine.defer(-> { "from thread" }, lambda do |text|
    env["async.callback"].call([200, { "Content-Type" => "text/plain" }, [text]])
  end)
  [-1, {}, []]
end

# Thin keeps a connection only where it knows the length of the answer.
echo_path = lambda do |env|
  path = env["PATH_INFO"]
  [200, { "Content-Type" => "text/plain", "Content-Length" => path.bytesize.to_s }, [path]]
end

large = ->(_env) { [200, { "Content-Type" => "application/octet-stream" }, ["0123456789" * 1_000_000]] }

map("/library") { run library }
map("/digest") { run digest }
map("/stream") { run stream }
map("/deferred") { run deferred }
map("/echo") { run echo_path }
map("/large") { run large }
