# frozen_string_literal: true

require "digest"
require "fileutils"

# Libraries that are built again only when something that they are made of has changed: cargo keeps what it has
# compiled for one Ruby only, and platforms have several.
module Fresh
  SOURCES = %w[-- .cargo Cargo.lock Cargo.toml ext :!ext/reactor/tests].freeze

  module_function

  # @return [Boolean] whether the library is there, made of what there is now
  def kept?(path, *circumstances)
    note = note(path)
    [path, note].all? { |file| File.exist?(file) } && File.read(note, encoding: "UTF-8") == digest(circumstances)
  end

  # @param path [String] the library, which the block builds
  # @param circumstances [Array] how it is built
  # @return [String] the path
  def keep(path, *circumstances)
    return path if kept?(path, *circumstances)

    FileUtils.rm_f(note(path))
    digest = digest(circumstances)
    yield
    File.write(note(path), digest)
    path
  end

  def note(path)
    "#{path}.made_of"
  end

  def digest(circumstances)
    contents = Checkout.files("--cached", "--others", "--exclude-standard", *SOURCES).sort.map do |name|
      [name, Digest::SHA256.file(File.join(Native::ROOT, name)).hexdigest]
    end
    Digest::SHA256.hexdigest([circumstances, contents].inspect)
  end
end
