# frozen_string_literal: true

require "json"

# Checks the crates in Cargo.lock by deny.toml: licences, sources and banned crates. It asks cargo and needs no
# network. Known vulnerabilities are left to cargo-deny, which needs a database.
module Dependencies
  CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"

  module_function

  # @return [Array<String>] what is wrong
  def faults(packages, policy = File.read("deny.toml", encoding: "UTF-8"))
    allowed = policy[/^allow = \[(.*?)\]/m, 1].scan(/"([^"]+)"/).flatten
    banned = policy.scan(/\{ name = "([^"]+)"/).flatten
    packages.select { |package| package["source"] }.flat_map do |package|
      faults_of(package, allowed, banned).map { |fault| "#{package['name']} #{package['version']}: #{fault}" }
    end
  end

  def faults_of(package, allowed, banned)
    faults = []
    faults << "the licence #{package['license'].inspect} is not allowed" unless licensed?(package["license"], allowed)
    faults << "the source #{package['source']} is not allowed" unless package["source"] == CRATES_IO
    faults << "is banned" if banned.include?(package["name"])
    faults
  end

  # Whether the allowed licences satisfy an SPDX expression.
  def licensed?(expression, allowed)
    return false unless expression

    tokens = expression.gsub("/", " OR ").scan(/[()]|\bAND\b|\bOR\b|[\w.+-]+(?: WITH [\w.-]+)?/)
    any?(tokens, allowed) && tokens.empty?
  end

  def any?(tokens, allowed)
    result = all?(tokens, allowed)
    result |= all?(tokens, allowed) while tokens.first == "OR" && tokens.shift
    result
  end

  def all?(tokens, allowed)
    result = one?(tokens, allowed)
    result &= one?(tokens, allowed) while tokens.first == "AND" && tokens.shift
    result
  end

  def one?(tokens, allowed)
    token = tokens.shift
    return allowed.include?(token) unless token == "("

    any?(tokens, allowed).tap { tokens.shift }
  end

  def packages(directory)
    command = %w[cargo metadata --format-version 1 --locked]
    metadata = IO.popen(command, chdir: directory, &:read)
    raise "cargo metadata failed" unless $?.success?

    JSON.parse(metadata).fetch("packages")
  end
end

desc "Check licences and sources of all crates by deny.toml"
task :deny do
  faults = [".", "bench/load"].flat_map { |directory| Dependencies.faults(Dependencies.packages(directory)) }
  abort "error: #{faults.uniq.join("\nerror: ")}" if faults.any?

  installed = system("cargo deny --version", out: File::NULL, err: File::NULL)
  sh "cargo deny --offline check bans licenses sources" if installed
end
