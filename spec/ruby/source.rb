# frozen_string_literal: true

require "fileutils"
require_relative "../upstream/source"

module RubyTests
  # Ruby's own tests of fiber schedulers, from Debian's source package of the Ruby that runs this. They are
  # Ruby's, and stay in the cache.
  class Source < Upstream::Source
    PARTS = %w[test/fiber test/runner.rb tool].freeze
    SCHEDULER = File.expand_path("scheduler.rb", __dir__)

    # @return [String] a directory with what `test/runner.rb` takes
    def directory
      root = File.join(@cache, "tests")
      fetch(root) unless File.exist?(File.join(root, "test", "runner.rb"))
      FileUtils.cp(SCHEDULER, File.join(root, "test", "fiber", "scheduler.rb"))
      root
    end

    private

    def minor
      RUBY_VERSION[/\A\d+\.\d+/]
    end

    def package
      "ruby#{minor}"
    end

    def default_cache
      File.join(File.dirname(super), "eventmachine-ruby-tests", minor)
    end

    # A version that was superseded may be gone from the archive, though its lists name it.
    def download_source(work)
      versions(work).each do |version|
        return super(work, "#{package}=#{version}")
      rescue Error => error
        @failure = error
      end
      raise @failure || Error.new("no source package #{package}")
    end

    def versions(work)
      listed = run("apt-cache", *options(work), "showsrc", "--only-source", package, chdir: work)
      listed.scan(/^Version: (\S+)/).flatten.uniq
    end

    def unpack(work)
      destination = FileUtils.mkdir_p(File.join(work, "unpacked", "tests")).first
      run("tar", "-xf", one(work, "*.orig.tar.*"), "-C", destination, "--strip-components=1",
          "--wildcards", "--no-wildcards-match-slash", *PARTS.map { |part| "*/#{part}" })
    end
  end
end
