# frozen_string_literal: true

# The libraries of cryptography that ours can be built with.
module Provider
  # The first is the default.
  ALL = %w[aws-lc-rs ring].freeze

  module_function

  # @return [String] the one that the variable PROVIDER names, or the default
  def picked
    name = ENV.fetch("PROVIDER", ALL.first)
    ALL.include?(name) ? name : abort("PROVIDER=#{name} is none of #{ALL.join(', ')}")
  end

  # @return [Array<String>] the one that the variable PROVIDER names, or all
  def wanted
    ENV.key?("PROVIDER") ? [picked] : ALL
  end

  # @return [String] words for cargo, for the core's tests: where the default's run as well, those with cryptography
  def tests(name)
    ENV.key?("PROVIDER") || name == ALL.first ? "" : "--lib --test 'tls_*'"
  end

  # @return [String] words for cargo; none for the default
  def features(name = picked)
    name == ALL.first ? "" : "--no-default-features --features #{name},dhe"
  end
end
