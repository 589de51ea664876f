# frozen_string_literal: true

# Wine, with a Ruby for Windows, and without compilers.
class WineSystem
  RELEASE = "trixie"
  PACKAGES = %w[ruby-rspec ruby-test-unit wine64].freeze
  # What scripts have as `ruby` and `gem`.
  PROGRAMS = <<~SH.freeze
    mkdir /tmp/bin
    cat >/tmp/bin/ruby <<'END'
    #!/bin/sh
    if [ -n "$GEM_HOME" ]; then export GEM_HOME="Z:${GEM_HOME#Z:}"; fi
    exec #{Wine::PROGRAM} #{WindowsRuby::PREFIX}/bin/ruby.exe "$@"
    END
    cat >/tmp/bin/gem <<'END'
    #!/bin/sh
    exec ruby -r rubygems/gem_runner -e 'Gem::GemRunner.new.run(ARGV)' -- "$@"
    END
    chmod +x /tmp/bin/*
    export PATH="/tmp/bin:$PATH"
  SH
  # Where Debian's RSpec is, by the names that wine has for directories.
  ENVIRONMENT = { "GEM_PATH" => "Z:/usr/share/rubygems-integration/all", "WINEPATH" => "Z:/usr/bin" }.freeze

  def initialize(minor)
    @minor = minor
  end

  # As {Root#run}.
  def run(script, mounts: {}, environment: {})
    root = Root.with(RELEASE, PACKAGES, "#{RELEASE}-wine")
    Wine.run(root, "#{PROGRAMS}#{script}", { WindowsRuby.directory(@minor) => WindowsRuby::PREFIX, **mounts },
             { **ENVIRONMENT, **environment })
  end
end
