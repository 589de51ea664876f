# frozen_string_literal: true

require_relative "lib/em/version"

Gem::Specification.new do |spec|
  spec.name = "eventmachine"
  spec.version = EventMachine::VERSION
  spec.summary = "EventMachine's API on a Rust event loop"
  spec.description = <<~TEXT
    A drop-in replacement of the eventmachine gem: the same modules, methods, callbacks and
    protocols, on an event loop written in Rust. Evented TCP, Unix and UDP sockets, TLS, timers,
    child processes, file watching and a pool of threads for Thin, Sinatra, Faye and the
    programs that were written for EventMachine.
  TEXT
  spec.authors = ["The eventmachine contributors"]
  spec.licenses = ["MIT", "Apache-2.0"]

  spec.required_ruby_version = ">= 3.1"
  spec.required_rubygems_version = ">= 3.3.11"

  spec.require_paths = ["lib"]
  spec.bindir = "exe"
  spec.executables = ["eventmachine-top"]
  # The first compiles nothing: it tells what is missing, before cargo fails for the lack of it.
  spec.extensions = ["ext/prerequisites/extconf.rb", "ext/Cargo.toml"]
  spec.requirements = [
    "where no precompiled gem fits: Rust 1.85 or newer, a C compiler, make, Ruby's headers, libclang"
  ]
  spec.files = Dir.chdir(__dir__) do
    Dir[
      "Cargo.{toml,lock}",
      ".cargo/config.toml",
      "ext/**/*",
      "lib/**/*.rb",
      "exe/*",
      "sig/**/*.rbs",
      "sig/manifest.yaml",
      "docs/**/*.{md,rb,svg}",
      "examples/**/*.rb",
      "{CHANGELOG,CONTRIBUTING,README,SECURITY}.md",
      ".yardopts",
      "LICENSE-*",
      "LICENSES-THIRD-PARTY.md"
    ].select { |path| File.file?(path) && !path.match?(%r{/(target|tests)/}) }.sort
  end

  # Methods of the native library are documented in docs/native, where RDoc and ri can read them.
  spec.extra_rdoc_files = spec.files.grep(%r{\A(?:docs/native/.*\.rb|[A-Z]+\.md)\z}) - ["LICENSES-THIRD-PARTY.md"]
  spec.rdoc_options = ["--main", "README.md", "--title", "eventmachine"]

  spec.metadata = { "rubygems_mfa_required" => "true" }

  # Addresses depend on where the project is published: they follow from the one in this file, if it exists.
  repository_file = File.join(__dir__, "REPOSITORY")
  if File.exist?(repository_file)
    repository = File.read(repository_file, encoding: "UTF-8").strip
    tag = "#{repository}/blob/v#{spec.version}"
    spec.homepage = repository
    spec.metadata.merge!(
      "bug_tracker_uri" => "#{repository}/issues",
      "changelog_uri" => "#{tag}/CHANGELOG.md",
      "documentation_uri" => "https://www.rubydoc.info/gems/#{spec.name}/#{spec.version}",
      "source_code_uri" => "#{repository}/tree/v#{spec.version}"
    )
  end
end
