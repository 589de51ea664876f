# frozen_string_literal: true

require "rbconfig"

# What precompiled gems are for, by the names that RubyGems gives them.
module Platforms
  module_function

  def here
    "#{RbConfig::CONFIG['host_cpu']}-#{RbConfig::CONFIG['host_os'][/\A[a-z]+/]}"
  end

  # @return [Hash{String => Object}] what knows the Rubies of a platform, and how libraries for them are built
  def all
    { here => Rubies, Arm64::PLATFORM => Arm64, **Musl.all, Windows::PLATFORM => Windows }
  end

  # @return [String] the one that the variable PLATFORM names, or this one
  def picked
    name = ENV.fetch("PLATFORM", here)
    all.key?(name) ? name : abort("PLATFORM=#{name} is none of #{all.keys.join(', ')}")
  end
end
