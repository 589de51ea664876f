# frozen_string_literal: true

desc "Fuzz the protocols' parsers (SECONDS=10 each, TARGETS=name,… FUZZ_SEED= KEEP=1 to add to the corpus)"
task :fuzz do
  ruby "spec/fuzz/campaign.rb", *ENV.fetch("TARGETS", "").split(",")
end
