# frozen_string_literal: true

require "json"
require "yaml"

# Upstream does not load this file by itself.
require "em/io_streamer"

# Compares the loaded module with upstream's public surface: every name exists, with upstream's visibility, and
# accepts every number of arguments that upstream accepts. surface_pending.yml lists missing names; an existing
# name must not be in it.
RSpec.describe "The surface" do
  fixture = File.read(File.join(__dir__, "fixtures", "surface.json"), encoding: "UTF-8")
  surface = JSON.parse(fixture).fetch("modules")
  pending_names = YAML.safe_load_file(File.join(__dir__, "surface_pending.yml")) || []

  # Names and versions of the TLS library and of the gem differ by nature. Regular expressions may differ.
  uncompared = /\A(VERSION|OPENSSL_.*)\z/

  def resolve(path)
    Object.const_get(path)
  end

  # The numbers of positional arguments that a list of parameters accepts, up to one more than it has.
  def accepted_counts(kinds)
    required = kinds.count("req")
    return (required..kinds.size + 1).to_a if kinds.include?("rest")

    (required..required + kinds.count("opt")).to_a
  end

  def expect_fit(method, expected)
    kinds = method.parameters.map { |kind, _| kind.to_s }
    kinds = method.arity.negative? ? ["rest"] : ["req"] * method.arity if kinds.empty? && method.arity != 0
    missing = accepted_counts(expected.fetch("params")).reject do |count|
      required = kinds.count("req")
      count >= required && (kinds.include?("rest") || count <= required + kinds.count("opt"))
    end
    expect(kinds).not_to include("keyreq")
    expect(missing).to be_empty, "takes not #{missing.join(' or ')} arguments but #{method.parameters}"
  end

  def expect_superclass(loaded, path)
    expect(loaded.ancestors).to include(resolve(path))
  end

  surface.each do |path, expected|
    describe path do
      mark = lambda do |name|
        missing = pending_names.any? do |listed|
          [name, path].include?(listed) || path.start_with?("#{listed}::")
        end
        missing ? { pending: "not there yet" } : {}
      end

      it "is a #{expected.fetch('kind')}", **mark[path] do
        loaded = resolve(path)
        expect(loaded.class).to eq(expected["kind"] == "class" ? Class : Module)
        expect_superclass(loaded, expected["superclass"]) if expected["superclass"]
        expected.fetch("includes").each { |included| expect(loaded.ancestors).to include(resolve(included)) }
      end

      expected.fetch("singleton_methods").each do |name, method|
        it "responds to .#{name}", **mark["#{path}.#{name}"] do
          expect(resolve(path)).to respond_to(name)
          expect_fit(resolve(path).method(name), method)
        end
      end

      %w[public private protected].each do |visibility|
        expected.fetch("#{visibility}_instance_methods", {}).each do |name, method|
          it "has the #{visibility} method ##{name}", **mark["#{path}##{name}"] do
            loaded = resolve(path)
            expect(loaded.public_send("#{visibility}_method_defined?", name)).to be(true)
            expect_fit(loaded.instance_method(name), method)
          end
        end
      end

      expected.fetch("constants").each do |name, constant|
        it "has the constant #{name}", **mark["#{path}::#{name}"] do
          value = resolve(path).const_get(name, false)
          expect(value).to equal(resolve(constant["module"])) if constant.key?("module")
          next if constant.key?("module") || name == "Postgres3"

          expect(value.class.name).to eq(constant["type"])
          expect(value).to eq(constant["value"]) if constant.key?("value") && !name.match?(uncompared)
        end
      end
    end
  end
end
