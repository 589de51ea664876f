# frozen_string_literal: true

# A precompiled gem has a library for each minor version of Ruby in a directory of its own; a gem that was
# compiled where it is installed, and a checkout, have one in the load path.
minor = RUBY_VERSION[/\A\d+\.\d+/]
directory = File.expand_path("../eventmachine", __dir__)

# Ruby looks for the extension that its system has where it is asked for ".so".
if !File.directory?(directory)
  require "eventmachine.so"
elsif Dir.glob("eventmachine.{so,bundle,dll}", base: File.join(directory, minor)).any?
  require File.join(directory, minor, "eventmachine.so")
else
  present = Dir.children(directory).sort.join(", ")
  raise LoadError, "this precompiled gem has libraries for Ruby #{present}, not for #{minor}: " \
                   "gem install eventmachine --platform ruby"
end
