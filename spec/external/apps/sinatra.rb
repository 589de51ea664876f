# frozen_string_literal: true

gem "thin"
require "sinatra/base"

class Application < Sinatra::Base
  set :environment, :production
  set :server, :thin
  set :bind, "127.0.0.1"
  set :port, Integer(ARGV.fetch(0))

  get("/hello/:name") { "Hello #{params['name']} from #{EventMachine::VERSION}" }
  post("/form") { params.sort.map { |name, value| "#{name}=#{value}" }.join(";") }

  get "/stream" do
    stream do |out|
      out << "one "
      out << "two"
    end
  end

  get "/kept_open" do
    stream(:keep_open) do |out|
      EventMachine.add_timer(0.05) do
        out << "later"
        out.close
      end
    end
  end
end

Application.run!
