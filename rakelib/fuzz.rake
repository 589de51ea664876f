# frozen_string_literal: true

require "fileutils"

# Targets of cargo-fuzz, in fuzz/fuzz_targets.
module CoreFuzz
  # What each begins with, beside what earlier runs have found.
  CORPORA = {
    "ciphers" => %w[tls_corpus/ciphers],
    "commands" => %w[simulation/tapes],
    "hellos" => %w[tls_corpus/hellos],
    "pem" => %w[tls_corpus/keys tls_corpus/certificates tls_corpus/lists tls_corpus/dhparams],
    "records" => []
  }.freeze
  # A command takes some bytes, and the most that an input has is 4,096 otherwise.
  OPTIONS = Hash.new([].freeze).merge("commands" => ["-max_len=20000"]).freeze
  # Coverage and AddressSanitizer are options of nightly compilers; this has any have them.
  ENVIRONMENT = { "RUSTC_BOOTSTRAP" => "1" }.freeze

  module_function

  # @return [Array<String>] a command that runs a target
  def command(target, seconds)
    found = File.join("fuzz", "corpus", target)
    FileUtils.mkdir_p(found)
    corpora = CORPORA.fetch(target).map { |path| File.join("ext", "reactor", "tests", path) }
    limits = ["-max_total_time=#{seconds}", "-timeout=300", "-print_final_stats=1"]
    ["cargo", "fuzz", "run", target, found, *corpora, "--", *limits, *OPTIONS[target]]
  end
end

desc "Fuzz the protocols' parsers (SECONDS=10 each, TARGETS=name,… FUZZ_SEED= KEEP=1 to add to the corpus)"
task :fuzz do
  ruby "spec/fuzz/campaign.rb", *ENV.fetch("TARGETS", "").split(",")
end

namespace :fuzz do
  desc "Fuzz the core, by cargo-fuzz: TLS, keys, ciphers, the loop's commands (SECONDS=60 each, TARGETS=pem,…)"
  task :core do
    targets = ENV.fetch("TARGETS", CoreFuzz::CORPORA.keys.join(",")).split(",")
    targets.each { |target| sh CoreFuzz::ENVIRONMENT, *CoreFuzz.command(target, ENV.fetch("SECONDS", "60")) }
  end
end
