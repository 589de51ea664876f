# frozen_string_literal: true

require "securerandom"
require_relative "../fuzz/check"
require_relative "../fuzz/mutator"
require_relative "../fuzz/target"

# What `rake fuzz` does at length, for a few seconds.
RSpec.describe "Protocols under bad input" do
  seed = Integer(ENV.fetch("FUZZ_SEED", "20261122"))
  rounds = Integer(ENV.fetch("FUZZ_ROUNDS", "150"))
  mebibyte = 1024 * 1024

  before { allow(SecureRandom).to receive(:base64).and_return("nonce") }

  ProtocolFuzz.targets.each_value do |target|
    describe target.name, time_limit: 60 do
      it "raises nothing, takes no time, and does the same whatever the pieces are" do
        corpus = target.corpus
        expect(corpus).not_to be_empty
        random = Random.new(seed)
        mutator = ProtocolFuzz::Mutator.new(random, corpus)
        [*corpus, *Array.new(rounds) { mutator.input }].each do |input|
          ProtocolFuzz.check(target, input, random)
        rescue ProtocolFuzz::Fault => e
          raise "FUZZ_SEED=#{seed}, #{input.dump}: #{e.message}"
        end
      end

      next unless target.flood

      it "ends a flood within #{target.limit} MiB, and holds no more" do
        parser = target.build
        fed = 0
        until parser.ended? || fed > target.limit * mebibyte
          parser.receive_data(target.flood)
          parser.log.clear unless parser.ended?
          fed += target.flood.bytesize
          next unless (fed % mebibyte) < target.flood.bytesize

          expect(ProtocolFuzz.held(parser)).to be <= target.limit * 2 * mebibyte
        end
        expect(parser.ended?).to be(true)
      end
    end
  end

  it "holds at most one request of a client of saslauthd that never ends one" do
    parser = ProtocolFuzz.targets["saslauth"].build
    10.times do
      parser.receive_data("\xFF".b * mebibyte)
      parser.log.clear
      expect(ProtocolFuzz.held(parser)).to be <= 2 * mebibyte
    end
  end
end
