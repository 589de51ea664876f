# frozen_string_literal: true

require "rake"
require "yaml"

# What releases and pull requests rely on.
RSpec.describe "The project" do
  root = File.expand_path("../..", __dir__)
  read = ->(path) { File.read(File.join(root, path), encoding: "UTF-8") }
  workflow = ->(name) { YAML.safe_load(read.call(".github/workflows/#{name}.yml")) }
  rust = read.call("Cargo.toml")[/^rust-version = "([\d.]+)"/, 1]

  describe "its changelog" do
    text = read.call("CHANGELOG.md")
    sections = text.scan(/^## (.*)$/).flatten
    versions = sections.drop(1).map { |title| title[/\A\[(\d+\.\d+\.\d+)\]/, 1] }

    it "keeps the form of Keep a Changelog" do
      expect(text).to start_with("# Changelog\n")
      expect(text).to include("https://keepachangelog.com/en/1.1.0/")
      expect(sections.first).to eq("[Unreleased]")
      # A version has a date once it is released.
      expect(sections[1]).to match(/\A\[\d+\.\d+\.\d+\]( - \d{4}-\d\d-\d\d)?\z/)
      expect(sections.drop(2)).to all(match(/\A\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d\z/))
      kinds = text.scan(/^### (.*)$/).flatten.uniq
      expect(kinds - %w[Added Changed Deprecated Removed Fixed Security]).to be_empty
    end

    it "has the version of the gem and of the crates first, and older ones after it" do
      expect(versions.first).to eq(EventMachine::VERSION)
      expect(read.call("Cargo.toml")[/^version = "([^"]+)"/, 1]).to eq(EventMachine::VERSION)
      expect(versions).to eq(versions.sort_by { |version| Gem::Version.new(version) }.reverse.uniq)
    end
  end

  describe "its Rust" do
    files = Dir[File.join(root, "ext/**/*.rs")]

    it "says in the first line of each file what it is about" do
      expect(files.size).to be > 100
      expect(files.reject { |file| File.read(file, encoding: "UTF-8").start_with?("//! ") }).to be_empty
    end

    it "has comments of at most 100 columns" do
      long = files.flat_map { |file| File.readlines(file, encoding: "UTF-8", chomp: true).grep(%r{\A\s*//}) }
      long.select! { |line| line.size > 100 }
      expect(long).to be_empty
    end
  end

  describe "its workflows" do
    it "run every part of bin/test" do
      parts = read.call("bin/test")[/^parts=\((.*)\)$/, 1].split
      run = workflow["test"].dig("jobs", "parts", "strategy", "matrix", "parts").flat_map(&:split)
      expect(run.uniq).to match_array(parts)
    end

    it "check the oldest Rust that is promised" do
      steps = workflow["test"].dig("jobs", "oldest-rust", "steps")
      expect(steps.map { |step| step["uses"] }).to include("dtolnay/rust-toolchain@#{rust}")
      expect(steps.last["run"]).to start_with("cargo +#{rust} check ")
      expect(read.call("Cargo.toml")).to match(/^incompatible_msrv = "deny"$/)
    end

    describe "for platforms" do
      before(:all) do
        Rake.with_application(Rake::Application.new) do
          %w[arm64 musl musl_system platform rubies windows].each do |name|
            Rake.load_rakefile(File.join(root, "rakelib/#{name}.rake"))
          end
        end
      end

      # Platforms has the one that this runs on first, which may be one of the others.
      define_method(:platforms) { ["x86_64-linux", *Platforms.all.keys].uniq }

      define_method(:names) do |name, job, row|
        workflow[name].dig("jobs", job, "strategy", "matrix", row).map { |entry| entry["name"] }
      end

      it "build, install and run a gem for each that there is one for" do
        expect(names("test", "platforms", "platform")).to match_array(platforms)
        tasks = workflow["test"].dig("jobs", "platforms", "strategy", "matrix", "platform").map { |row| row["tasks"] }
        expect(tasks).to all(include("native native:try"))
      end

      it "publish all but that for Windows, which only wine has run" do
        expect(names("release", "gems", "gem")).to match_array(["source", *platforms.grep(/linux/)])
      end

      it "are the documents' as well" do
        %w[README.md docs/releasing.md].each do |path|
          expect(read.call(path).scan(/PLATFORM=([\w-]+)/).flatten.uniq).to match_array(platforms.drop(1))
        end
      end
    end

    it "check the crates by deny.toml" do
      expect(workflow["audit"].dig("jobs", "deny", "steps").last.dig("with", "command")).to include("advisories")
    end
  end

  it "has the same oldest Rust in all documents" do
    documents = Dir.glob("{*.md,docs/*.md}", base: root).to_h { |path| [path, read.call(path)] }
    named = documents.transform_values { |text| text.scan(/Rust (\d\.\d+)\b(?!\.\d)/).flatten.uniq }
    expect(named.values.flatten.uniq).to eq([rust])
  end

  it "has forms for issues that ask for what is needed" do
    forms = Dir.glob(".github/ISSUE_TEMPLATE/*.yml", base: root) - [".github/ISSUE_TEMPLATE/config.yml"]
    fields = forms.flat_map { |path| YAML.safe_load(read.call(path)).fetch("body").filter_map { |field| field["id"] } }
    expect(fields).to include("program", "library_info", "versions")
  end

  describe "its dependencies" do
    before(:all) do
      Rake.with_application(Rake::Application.new) { Rake.load_rakefile(File.join(root, "rakelib/deny.rake")) }
    end

    def package(name = "some", license: "MIT", source: Dependencies::CRATES_IO)
      { "name" => name, "version" => "1.0.0", "license" => license, "source" => source }
    end

    define_method(:faults) do |package|
      Dependencies.faults([package], read.call("deny.toml")).map { |fault| fault.delete_prefix("some 1.0.0: ") }
    end

    {
      "MIT" => true, "MIT/Apache-2.0" => true, "GPL-3.0-only" => false, nil => false,
      "GPL-3.0-only OR MIT" => true, "GPL-3.0-only AND MIT" => false, "MIT AND GPL-3.0-only" => false,
      "(MIT OR GPL-3.0-only) AND ISC" => true, "(MIT OR ISC) AND GPL-3.0-only" => false,
      "Apache-2.0 WITH LLVM-exception" => false, "Apache-2.0 WITH LLVM-exception OR MIT" => true
    }.each do |expression, allowed|
      it "#{allowed ? 'may' : 'may not'} have the licence #{expression.inspect}" do
        refused = ["the licence #{expression.inspect} is not allowed"]
        expect(faults(package(license: expression))).to eq(allowed ? [] : refused)
      end
    end

    it "come from crates.io" do
      source = "git+https://example.org/some"
      expect(faults(package(source: source))).to eq(["the source #{source} is not allowed"])
    end

    it "are none of those that are banned" do
      expect(faults(package("openssl-sys"))).to eq(["openssl-sys 1.0.0: is banned"])
    end

    it "may be of the project itself" do
      expect(faults(package(license: nil, source: nil))).to be_empty
    end
  end
end
