# frozen_string_literal: true

# A precompiled gem has one library for each minor version of Ruby, in a directory of its own. A gem that was
# compiled when it was installed, and a checkout, have one library, in the load path.
minor = RUBY_VERSION[/\A\d+\.\d+/]
directory = File.expand_path("../eventmachine", __dir__)

# Ruby looks for the extension that its system has when it is asked for ".so".
if !File.directory?(directory)
  begin
    require "eventmachine.so"
  rescue LoadError => e
    raise unless e.path == "eventmachine.so"

    checkout = File.exist?(File.expand_path("../../Rakefile", __dir__))
    remedy = checkout ? "run `rake compile`" : "run `gem pristine eventmachine`"
    raise LoadError, "the native library of eventmachine is not compiled: #{remedy} (#{e.message})"
  end
elsif Dir.glob("eventmachine.{so,bundle,dll}", base: File.join(directory, minor)).any?
  begin
    require File.join(directory, minor, "eventmachine.so")
  rescue LoadError => e
    # RubyGems takes what is for glibc where there is nothing for musl.
    raise LoadError, "the library of this precompiled gem does not fit this system: " \
                     "gem install eventmachine --platform ruby (#{e.message})"
  end
else
  present = Dir.children(directory).sort.join(", ")
  raise LoadError, "this precompiled gem has libraries for Ruby #{present}, not for #{minor}: " \
                   "gem install eventmachine --platform ruby"
end
