# frozen_string_literal: true

RSpec.describe "em/messages" do
  it "can be required by itself" do
    output, status = run_ruby('require "em/messages"; print :required')
    expect(status).to be_success
    expect(output).to eq("required")
  end
end
