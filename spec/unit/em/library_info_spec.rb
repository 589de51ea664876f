# frozen_string_literal: true

RSpec.describe "EventMachine.library_info" do
  subject(:info) { EventMachine.library_info }

  it "names the implementation, its version and Ruby's" do
    expect(info).to include(implementation: "em-reactor (Rust)", version: EventMachine::VERSION)
    expect(info.fetch(:ruby)).to include(RUBY_VERSION, RUBY_PLATFORM)
  end

  it "tells where the native library is" do
    expect(File.dirname(info.fetch(:library))).to eq(File.expand_path("../../../lib", __dir__))
  end

  it "tells the poller that the reactor says it has" do
    expect(%w[epoll kqueue iocp poll]).to include(info.fetch(:poller))
    expect(info.fetch(:poller) == "iocp").to be(Gem.win_platform?)
    expect(info.fetch(:poller) == "epoll").to be(EventMachine.epoll?)
  end

  it "names a provider of TLS only where TLS is built in" do
    expected = EventMachine.ssl? ? EventMachine::OPENSSL_LIBRARY_VERSION : nil
    expect(info.fetch(:tls)).to eq(expected)
  end

  it "needs no reactor, and can be asked inside one" do
    em do
      expect(EventMachine.library_info).to eq(info)
      done
    end
  end
end
