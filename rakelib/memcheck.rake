# frozen_string_literal: true

require "rbconfig"
require "tempfile"

desc "Use every kind of descriptor under valgrind's memcheck, and fail if the library is to blame for an error"
task :memcheck do
  Tempfile.create("memcheck") do |log|
    # Ruby's collector looks at whatever is on the stack, so undefined values say nothing.
    sh "valgrind", "--undef-value-errors=no", "--num-callers=30", "--log-file=#{log.path}",
       RbConfig.ruby, "spec/chaos/memcheck.rb"
    errors = File.read(log.path).split(/^==\d+== $/).grep(/^==\d+== (?:Invalid|Mismatched|Source and dest)/)
    ours = errors.grep(/eventmachine\.so/)
    abort ours.join("\n") if ours.any?
    puts "#{errors.size} errors, none of them in the library"
  end
end
