# frozen_string_literal: true

require "rbconfig"

# A precompiled gem has a library for each minor version of Ruby in a directory of its own; a gem that was
# compiled where it is installed, and a checkout, have one in the load path.
minor = RUBY_VERSION[/\A\d+\.\d+/]
directory = File.expand_path("../eventmachine", __dir__)
file = "eventmachine.#{RbConfig::CONFIG.fetch('DLEXT')}"

if !File.directory?(directory)
  require file
elsif File.file?(File.join(directory, minor, file))
  require File.join(directory, minor, file)
else
  present = Dir.children(directory).sort.join(", ")
  raise LoadError, "this precompiled gem has libraries for Ruby #{present}, not for #{minor}: " \
                   "gem install eventmachine --platform ruby"
end
