# frozen_string_literal: true

require "rbconfig"

# A precompiled gem has a library for each minor version of Ruby in a directory of its own; a gem that was
# compiled where it is installed, and a checkout, have one in the load path.
file = "eventmachine.#{RbConfig::CONFIG.fetch('DLEXT')}"
compiled = File.expand_path("../eventmachine/#{RUBY_VERSION[/\A\d+\.\d+/]}/#{file}", __dir__)

require File.file?(compiled) ? compiled : file
