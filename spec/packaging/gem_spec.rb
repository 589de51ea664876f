# frozen_string_literal: true

require "open3"
require "tmpdir"

RSpec.describe "The source gem" do
  root = File.expand_path("../..", __dir__)
  let(:specification) { Gem::Specification.load(File.join(root, "eventmachine.gemspec")) }

  it "has what building takes" do
    expect(specification.files).to include(
      "Cargo.toml", "Cargo.lock", ".cargo/config.toml", "ext/Cargo.toml", "ext/src/lib.rs",
      "ext/reactor/Cargo.toml", "ext/reactor/src/lib.rs", "lib/eventmachine.rb",
      "LICENSE-MIT", "LICENSE-APACHE"
    )
    expect(specification.extensions.last).to eq("ext/Cargo.toml")
    expect(specification.files).to include(*specification.extensions)
  end

  it "has every file that the crates include" do
    included = Dir.glob("ext/**/src/**/*.rs", base: root).flat_map do |path|
      text = File.read(File.join(root, path), encoding: "UTF-8")
      text.scan(/include_(?:str|bytes)!\("([^"]+)"\)/).map do |name,|
        File.expand_path(name, "/#{File.dirname(path)}").delete_prefix("/")
      end
    end
    expect(included).not_to be_empty
    expect(included - specification.files).to be_empty
  end

  it "has a command, which needs no native library" do
    expect(specification.executables).to eq(["eventmachine-top"])
    expect(specification.files).to include("exe/eventmachine-top")
    command = File.join(root, "exe/eventmachine-top")
    expect(File.executable?(command)).to be(true)
    output, status = Open3.capture2e(RbConfig.ruby, "-w", "-I", File.join(root, "lib"), command, "--version")
    expect([output, status.success?]).to eq(["#{EventMachine::VERSION}\n", true])
  end

  it "has the documentation, and what YARD and ri read it by" do
    expect(specification.files).to include(
      "README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", ".yardopts", "docs/getting_started.md",
      "docs/native/timers.rb", "examples/echo.rb"
    )
    expect(specification.extra_rdoc_files).to include("README.md", "docs/native/timers.rb")
    linked = specification.files.grep(/\.md\z/).flat_map do |path|
      text = File.read(File.join(root, path), encoding: "UTF-8").gsub(/^( *)```.*?^\1```$/m, "")
      text.scan(/\]\((?!\w+:)([^)#\s]+)/).flatten.map do |link|
        File.expand_path(link, "/#{File.dirname(path)}").delete_prefix("/")
      end
    end
    missing = linked.uniq.reject { |path| specification.files.any? { |file| file.start_with?(path) } }
    expect(missing).to be_empty
  end

  it "takes all addresses from one file" do
    published = File.exist?(File.join(root, "REPOSITORY"))
    expect(specification.metadata.keys).to published ? include("source_code_uri") : eq(["rubygems_mfa_required"])
    Dir.mktmpdir do |directory|
      FileUtils.mkdir_p("#{directory}/lib/em")
      FileUtils.cp(File.join(root, "eventmachine.gemspec"), directory)
      # The version is known here already.
      FileUtils.touch("#{directory}/lib/em/version.rb")
      File.write("#{directory}/REPOSITORY", "https://example.org/em\n")
      released = Gem::Specification.load("#{directory}/eventmachine.gemspec")
      expect(released.homepage).to eq("https://example.org/em")
      expect(released.metadata).to include(
        "bug_tracker_uri" => "https://example.org/em/issues",
        "changelog_uri" => "https://example.org/em/blob/v#{EventMachine::VERSION}/CHANGELOG.md",
        "source_code_uri" => "https://example.org/em/tree/v#{EventMachine::VERSION}"
      )
      expect(released.metadata).to include("documentation_uri", "rubygems_mfa_required")
    end
  end

  it "has no file more than that" do
    expect(specification.files.grep(%r{\A(spec|bench|bin|rakelib|doc|pkg|target)/|\.so\z|tests/})).to be_empty
    # The licences of crates are there once a gem was built.
    sizes = (specification.files - ["LICENSES-THIRD-PARTY.md"]).sum { |path| File.size(File.join(root, path)) }
    expect(sizes).to be < 2_200_000
  end

  it "asks for versions that can build it" do
    expect(specification.required_ruby_version).not_to be_satisfied_by(Gem::Version.new("3.0.7"))
    expect(specification.required_ruby_version).to be_satisfied_by(Gem::Version.new("3.1.0"))
    expect(specification.required_rubygems_version).to be_satisfied_by(Gem::Version.new("3.3.15"))
    minimum = File.read(File.join(root, "Cargo.toml"), encoding: "UTF-8")[/^rust-version = "([\d.]+)"/, 1]
    extconf = File.read(File.join(root, "ext/prerequisites/extconf.rb"), encoding: "UTF-8")
    expect(extconf).to include(%(RUST = "#{minimum}"))
    expect(specification.requirements.join).to include("Rust #{minimum}")
  end
end

RSpec.describe "The precompiled gem" do
  before(:all) do
    require "rake"
    tasks = Rake::Application.new
    Rake.with_application(tasks) do
      %w[compile native].each { |name| Rake.load_rakefile(File.expand_path("../../rakelib/#{name}.rake", __dir__)) }
    end
  end

  define_method(:targets) { |minors| minors.map { |minor| Struct.new(:minor).new(minor) } }

  define_method(:fits?) do |version, *minors|
    Gem::Requirement.new(Precompiled.bounds(targets(minors))).satisfied_by?(Gem::Version.new(version))
  end

  it "compiles nothing, so it takes any RubyGems and no crates" do
    specification = Precompiled.specification("x86_64-linux-musl", targets(%w[3.1 3.4]))
    expect([specification.extensions, specification.requirements]).to all(be_empty)
    expect(specification.required_rubygems_version).to be_satisfied_by(Gem::Version.new("3.3.7"))
    expect(specification.files.grep(/\.(?:rs|so)\z|Cargo/)).to eq(
      %w[lib/eventmachine/3.1/eventmachine.so lib/eventmachine/3.4/eventmachine.so]
    )
  end

  it "is for the Rubies that there is a library for, and no other" do
    inside = %w[3.1.0 3.1.7 3.2.0 3.2.10 3.3.0 3.3.11]
    outside = %w[3.0.7 3.4.0.dev 3.4.0.preview1 3.4.0]
    expect((inside + outside).select { |version| fits?(version, "3.1", "3.2", "3.3") }).to eq(inside)
  end

  it "is not for a Ruby between those, which gets the source gem" do
    expect(%w[3.2.0 3.2.3 3.2.11].select { |version| fits?(version, "3.1", "3.3") }).to be_empty
    expect(%w[3.1.2 3.3.8].reject { |version| fits?(version, "3.1", "3.3") }).to be_empty
  end

  it "takes Ruby 3.10 for newer than 3.9" do
    expect(fits?("3.10.1", "3.9", "3.10")).to be(true)
    expect(fits?("3.11.0", "3.9", "3.10")).to be(false)
  end
end
