# frozen_string_literal: true

RSpec.describe "EventMachine::Deferrable::Pool" do
  it "is EventMachine::Pool, with a warning" do
    output, status = run_ruby("print EM::Deferrable::Pool.equal?(EM::Pool)")
    expect(status).to be_success
    expect(output).to match(/Deferrable::Pool is deprecated.*true/m)
  end

  it "is silent for those who do not use it" do
    output, = run_ruby("print EM::Pool, EM::DefaultDeferrable.new.callback")
    expect(output).to eq("EventMachine::Pool")
  end
end
