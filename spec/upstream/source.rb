# frozen_string_literal: true

require "etc"
require "fileutils"
require "open3"
require "tmpdir"

module Upstream
  # Upstream's tests, from Debian's source package of ruby-eventmachine. Only the directory tests/ is
  # unpacked, with those of Debian's patches that touch nothing else. The system's own lists and
  # sources of apt are left alone: everything is done in a directory of its own by options.
  class Source
    PACKAGE = "ruby-eventmachine"
    KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
    TARGETS = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
               "Created-By: Packages", "Origin: Debian"].freeze

    Error = Class.new(StandardError)

    # @return [String] the directory of the tests
    def self.directory
      given = ENV["UPSTREAM_TESTS"]
      return File.expand_path(given) if given && !given.empty?

      new.directory
    end

    def initialize(cache = default_cache)
      @cache = cache
    end

    def directory
      tests = File.join(@cache, "tests")
      fetch(tests) unless File.exist?(File.join(tests, "em_test_helper.rb"))
      tests
    end

    private

    def default_cache
      base = ENV["XDG_CACHE_HOME"]
      base = File.join(Dir.home, ".cache") if base.nil? || base.empty?
      File.join(base, "eventmachine-upstream-tests")
    end

    # Created next to the cache and renamed, so that an interrupted run leaves nothing incomplete.
    def fetch(tests)
      FileUtils.mkdir_p(@cache)
      Dir.mktmpdir("fetch", @cache) do |work|
        download(work)
        unpack(work)
        FileUtils.rm_rf(tests)
        File.rename(File.join(work, "unpacked", "tests"), tests)
      end
    end

    def download(work)
      File.write(File.join(work, "sources.list"), source_lines)
      FileUtils.mkdir_p(%w[lists/partial cache/archives/partial parts].map { |path| File.join(work, path) })
      run("apt-get", *options(work), "update", chdir: work)
      download_source(work)
    end

    def download_source(work, wanted = package)
      run("apt-get", *options(work), "source", "--download-only", "--only-source", wanted, chdir: work)
    end

    def package
      PACKAGE
    end

    def source_lines
      targets = run(*TARGETS).lines.map(&:split).uniq.select { |target| target.size == 3 }
      raise Error, "apt has no index of Debian's archive: run apt-get update" if targets.empty?

      key = File.exist?(KEYRING) ? "[signed-by=#{KEYRING}] " : ""
      targets.map { |site, release, component| "deb-src #{key}#{site} #{release} #{component}\n" }.join
    end

    def options(work)
      {
        "Dir::Etc::sourcelist" => "#{work}/sources.list",
        "Dir::Etc::sourceparts" => "#{work}/parts",
        "Dir::State::lists" => "#{work}/lists",
        "Dir::Cache" => "#{work}/cache",
        "APT::Sandbox::User" => Etc.getpwuid.name
      }.flat_map { |name, value| ["-o", "#{name}=#{value}"] }
    end

    def unpack(work)
      destination = FileUtils.mkdir_p(File.join(work, "unpacked")).first
      run("tar", "-xf", one(work, "*.orig.tar.*"), "-C", destination,
          "--strip-components=1", "--wildcards", "--no-wildcards-match-slash", "*/tests")
      run("tar", "-xf", one(work, "*.debian.tar.*"), "-C", work, "debian/patches")
      test_patches(work).each { |patch| run("patch", "-s", "-p1", "-i", patch, chdir: destination) }
    end

    def one(work, pattern)
      Dir[File.join(work, pattern)].first or raise Error, "the source package has no #{pattern}"
    end

    def test_patches(work)
      patches = File.join(work, "debian", "patches")
      series = File.readlines(File.join(patches, "series"), chomp: true, encoding: "UTF-8")
      names = series.reject { |name| name =~ /\A(#|\s*\z)/ }
      names.map { |name| File.join(patches, name) }.select { |patch| tests_only?(patch) }
    end

    def tests_only?(patch)
      touched = File.foreach(patch, encoding: "UTF-8").filter_map { |line| line[%r{\A\+\+\+ [^/]+/(\S+)}, 1] }
      touched.any? && touched.all? { |path| path.start_with?("tests/") }
    end

    def run(*command, chdir: Dir.pwd)
      output, status = Open3.capture2e(*command, chdir: chdir)
      raise Error, "#{command.join(' ')} failed:\n#{output}" unless status.success?

      output
    end
  end
end
