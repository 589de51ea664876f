# frozen_string_literal: true

require "json"

# Collects the licences of all linked crates in one file, which the gems contain.
module Licenses
  FILE = "LICENSES-THIRD-PARTY.md"
  # The top directory of a crate, and that of the C library in one of them.
  DIRECTORIES = %w[. aws-lc].freeze
  PATTERN = /\A(licen[cs]e|copying|notice|copyright|unlicense)/i

  module_function

  def write
    File.write(FILE, text)
  end

  def text
    crates = packages
    sharing = crates.flat_map { |crate| texts(crate, crates).map { |text| [text, crate] } }
                    .group_by { |text, _| text.split.join(" ") }
    entries = sharing.values.map { |pairs| entry(pairs.first.first, pairs.map(&:last)) }
    <<~TEXT + entries.join("\n")
      # Licences of third parties

      The native library is linked from these #{crates.size} crates, some of them on some platforms only:

      #{crates.map { |crate| "* #{name(crate)}: #{crate['license']}, #{crate['repository']}" }.join("\n")}

    TEXT
  end

  # @return [Array<Hash>] the crates that are linked in, by name
  def packages
    metadata = JSON.parse(IO.popen(%w[cargo metadata --format-version 1 --locked], &:read))
    raise "cargo metadata failed" unless $?.success?

    linked = reached_from("eventmachine", metadata, &:nil?)
    metadata.fetch("packages").select { |package| package["source"] && linked.include?(package["id"]) }
            .sort_by { |package| [package["name"], package["version"]] }
  end

  # @yieldparam kind [String, nil] of a dependency: nil if it is linked, "build" or "dev"
  # @return [Array<String>] ids of the packages that a crate depends on in these ways
  def reached_from(root, metadata)
    nodes = metadata.fetch("resolve").fetch("nodes").to_h { |node| [node["id"], node["deps"]] }
    waiting = metadata.fetch("packages").filter_map { |package| package["id"] if package["name"] == root }
    seen = []
    while (id = waiting.pop)
      next if seen.include?(id)

      seen << id
      edges = nodes.fetch(id).select { |edge| edge["dep_kinds"].any? { |kind| yield kind["kind"] } }
      waiting.concat(edges.map { |edge| edge["pkg"] })
    end
    seen
  end

  # A crate without such a file uses those of its repository.
  def texts(crate, crates)
    found = texts_of(crate)
    return found if found.any?

    sibling = crates.find { |other| other["repository"] == crate["repository"] && texts_of(other).any? }
    sibling ? texts_of(sibling) : raise("#{name(crate)} has no licence file")
  end

  def texts_of(crate)
    DIRECTORIES.flat_map do |name|
      directory = File.join(File.dirname(crate["manifest_path"]), name)
      files = File.directory?(directory) ? Dir.children(directory).grep(PATTERN).sort : []
      files.map { |file| File.join(directory, file) }.select { |path| File.file?(path) }
           .map { |path| File.read(path, encoding: "UTF-8").scrub.strip }
    end
  end

  def entry(text, crates)
    "## #{crates.map { |crate| name(crate) }.uniq.join(', ')}\n\n~~~text\n#{text}\n~~~\n"
  end

  def name(crate)
    "#{crate['name']} #{crate['version']}"
  end
end

desc "Collect the licences of all crates in the library into #{Licenses::FILE}"
task :licenses do
  Licenses.write
end

task build: :licenses
