# frozen_string_literal: true

require "open3"

# Each file is required in a process of its own, with all warnings.
RSpec.describe "Loading", time_limit: 60 do
  root = File.expand_path("../../lib", __dir__)
  features = Dir.glob("**/*.rb", base: root).map { |path| path.delete_suffix(".rb") }.sort
  # It warns that its name is deprecated.
  quiet = features - ["em/deferrable/pool"]
  categories = RUBY_VERSION < "3.3" ? %w[deprecated experimental] : %w[deprecated experimental performance]
  switches = ["-w", *categories.map { |category| "-W:#{category}" }, "-I", root]

  # @return [String] what Ruby writes when it requires the features, each in a fork of a process that has
  #   loaded others
  define_method(:loading) do |wanted, after: []|
    program = <<~RUBY
      #{after.inspect}.each { |feature| require feature }
      #{wanted.inspect}.each do |feature|
        Process.wait(fork { require feature })
        warn("\#{feature} does not load") unless $?.success?
      end
    RUBY
    Open3.capture2e(RbConfig.ruby, *switches, "-e", program).first
  end

  it "warns of nothing in any file, after the library itself" do
    expect(quiet.size).to be > 60
    expect(loading(quiet, after: ["eventmachine"])).to be_empty
  end

  it "needs nothing else for the files that applications require alone" do
    expect(loading(%w[
      eventmachine rubyeventmachine fastfilereaderext em/buftok em/callback em/channel em/completion
      em/connection em/deferrable em/future em/iterator em/messages em/pool em/protocols
      em/protocols/line_protocol em/protocols/linetext2 em/protocols/object_protocol
      em/protocols/saslauth em/pure_ruby em/queue
      em/spawnable em/streamer em/threaded_resource em/tick_loop em/timers em/version
    ])).to be_empty
  end

  it "tells that the old name of the pool is deprecated" do
    expect(loading(["em/deferrable/pool"], after: ["eventmachine"])).to match(/\A.*Pool is deprecated.*\n\z/)
  end
end
