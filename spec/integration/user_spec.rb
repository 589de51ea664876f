# frozen_string_literal: true

require "etc"

RSpec.describe "EventMachine.set_effective_user" do
  it "refuses a user that the system does not know, by name" do
    expect { EventMachine.set_effective_user("no-such-user") }.to raise_error(RuntimeError, /"no-such-user"/)
  end

  it "takes a name only" do
    expect { EventMachine.set_effective_user(nil) }.to raise_error(TypeError)
    expect { EventMachine.set_effective_user("a\0b") }.to raise_error(ArgumentError, /null byte/)
  end

  # This cannot be undone, so it runs in a child. Only root may become another user.
  it "becomes that user" do
    name = Process.uid.zero? ? "nobody" : Etc.getpwuid.name
    reader, writer = IO.pipe
    pid = fork do
      EventMachine.set_effective_user(name)
      writer.write([Process.uid, Process.euid].inspect)
      exit!(0)
    end
    writer.close
    Process.wait(pid)
    uid = Etc.getpwnam(name).uid
    expect(reader.read).to eq([uid, uid].inspect)
  ensure
    reader&.close
  end
end
