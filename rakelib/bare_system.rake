# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# Installs the gem on a system that has only Ruby.
module BareSystem
  PROGRAM = File.join(__dir__, "smoke.rb")

  module_function

  def try(name, root, gem)
    puts "== #{name} and nothing else"
    Dir.mktmpdir("eventmachine-bare") do |directory|
      FileUtils.cp([gem, PROGRAM], directory)
      root.run(commands(File.basename(gem)), mounts: { directory => "/mnt/gem" }) || abort("it failed")
    end
  end

  def commands(gem)
    <<~SH
      for program in cargo cc gcc make clang; do
        if command -v $program; then exit 1; fi
      done
      ruby --version; gem --version | sed 's/^/RubyGems /'
      export GEM_HOME=/tmp/gems
      bash -ec 'TIMEFORMAT="installed in %R s, of which %U s processor time of its own and %S s of the system"
        time gem install --local --no-document /mnt/gem/#{gem}'
      ruby -W /mnt/gem/smoke.rb
    SH
  end
end
