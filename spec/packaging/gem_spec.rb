# frozen_string_literal: true

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
      text = File.read(File.join(root, path))
      text.scan(/include_(?:str|bytes)!\("([^"]+)"\)/).map do |name,|
        File.expand_path(name, "/#{File.dirname(path)}").delete_prefix("/")
      end
    end
    expect(included).not_to be_empty
    expect(included - specification.files).to be_empty
  end

  it "has no file more than that" do
    expect(specification.files.grep(/\A(spec|bench|bin|rakelib|doc|pkg|target)\b|\.so\z|tests/)).to be_empty
    sizes = specification.files.sum { |path| File.size(File.join(root, path)) }
    expect(sizes).to be < 2_000_000
  end

  it "asks for versions that can build it" do
    expect(specification.required_ruby_version).not_to be_satisfied_by(Gem::Version.new("3.0.7"))
    expect(specification.required_ruby_version).to be_satisfied_by(Gem::Version.new("3.1.0"))
    expect(specification.required_rubygems_version).to be_satisfied_by(Gem::Version.new("3.3.15"))
    minimum = File.read(File.join(root, "Cargo.toml"))[/^rust-version = "([\d.]+)"/, 1]
    expect(File.read(File.join(root, "ext/prerequisites/extconf.rb"))).to include(%(RUST = "#{minimum}"))
    expect(specification.requirements.join).to include("Rust #{minimum}")
  end
end
