# frozen_string_literal: true

# The parts of the core that make no system calls, in an interpreter that knows what is undefined in Rust.
module Miri
  # Strict about where pointers come from, and how they are aligned.
  FLAGS = "-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check"
  # What makes system calls, looks names up, or computes with large numbers for hours.
  LEFT_OUT = %w[
    outbound:: sys:: resolve::tests::a_failure resolve::tests::only_addresses tls::certificates:: tls::dhe::
    tls::ciphers::tests::the_same_selection tls::keys::cost:: tls::calendar::tests::every_day
    deadlines::tests::they_come deadlines::tests::as_many deadlines::tests::what_is_not
  ].freeze
end

desc "Run the tests of the core that make no system calls under Miri, which a nightly Rust has (ONLY=timers)"
task :miri do
  skipped = Miri::LEFT_OUT.flat_map { |name| ["--skip", name] }
  sh({ "MIRIFLAGS" => Miri::FLAGS }, *%w[cargo +nightly miri test --locked --package em-reactor --lib],
     "--", *ENV.fetch("ONLY", "").split, *skipped)
end
