# frozen_string_literal: true

require_relative "application"
require_relative "http"

RSpec.describe "Sinatra on Thin" do
  around do |example|
    port = free_port
    command = [RbConfig.ruby, Application.app("sinatra.rb"), port.to_s]
    Application.run(*command, at: ["127.0.0.1", port]) do |server|
      @server = server
      @connection = server.connect
      @http = PlainHTTP.new(@connection)
      example.run
    end
  end

  it "answers by a route, on this version" do
    expect(@http.get("/hello/world").body).to eq("Hello world from #{EventMachine::VERSION}")
  end

  it "takes a form" do
    @http.request("POST", "/form", { "Content-Type" => "application/x-www-form-urlencoded" }, "b=2&a=1")
    expect(@http.response.body).to eq("a=1;b=2")
  end

  it "streams, at once and later" do
    expect(@http.get("/stream").body).to eq("one two")
    expect(PlainHTTP.new(@server.connect).get("/kept_open").body).to eq("later")
  end

  it "ends at SIGTERM by itself once its clients are gone" do
    @connection.close
    expect(@server.stop(:TERM)).to be_success
  end
end
