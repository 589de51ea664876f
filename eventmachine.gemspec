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
      "sig/**/*.rbs",
      "{CHANGELOG,README}.md",
      "LICENSE-*",
      "LICENSES-THIRD-PARTY.md"
    ].select { |path| File.file?(path) && !path.match?(%r{/(target|tests)/}) }.sort
  end

  spec.metadata = { "rubygems_mfa_required" => "true" }
end
