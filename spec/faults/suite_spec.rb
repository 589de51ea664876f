# frozen_string_literal: true

require_relative "library"

# The specs once more, while system calls are interrupted, transfer less than they could, or find nothing ready.
# A few files; all that do not count system calls if FULL is set. FAULTS_SEED says which calls it hits.
RSpec.describe "The specs, while system calls" do
  seed = Integer(ENV.fetch("FAULTS_SEED", "1"))
  transfers = %w[recv send writev sendmsg splice]
  datagrams = %w[recvmmsg sendmmsg recvfrom recvmsg sendto]

  worlds = {
    "are interrupted" =>
      [*transfers, *datagrams, "accept4", "connect", "epoll_wait"].map { |call| "#{call}:EINTR:3" } + ["read:EINTR:5"],
    "transfer a part" => [*transfers.map { |call| "#{call}:short:3" }, "read:short:9", "sendmmsg:short:2"],
    "find nothing ready" => [*transfers, *datagrams, "accept4"].map { |call| "#{call}:EAGAIN:4" }
  }

  # Some specs need a system that does all that it can at once: what is sent right before close_connection or EM.stop
  # is delivered as far as the system takes it then, what comes last (also after a write that failed) is read as far as
  # it is there then, and the order in a turn is that of readiness.
  picky = { "are interrupted" => [],
            "transfer a part" => %w[back_pressure closing draining order unix write_failure write_order],
            "find nothing ready" => %w[closing connecting datagram_share draining half_close large_sends order
                                       starttls write_order] }

  few = %w[tcp half_close send_file unix closing connecting draining write_order protocols/smtp]
        .map { |name| "spec/integration/#{name}_spec.rb" }
  all = Dir.chdir(Faults::ROOT) { Dir.glob("spec/integration/**/*_spec.rb") }

  worlds.each do |world, rules|
    files = (ENV["FULL"] ? all : few).reject { |file| picky[world].include?(File.basename(file, "_spec.rb")) }
    it "#{world}, in #{files.size} files", time_limit: 900 do
      outcome = Faults.run(rules, "rspec", "--no-color", *files, seed: seed, limit: 800)
      expect(outcome.status).to be_success, "FAULTS_SEED=#{seed} FAULTS=#{rules.join(',')}\n#{outcome.output}"
      expect(outcome.faults).to be > 1000
    end
  end
end
