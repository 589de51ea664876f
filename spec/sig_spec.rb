# frozen_string_literal: true

require "json"
require "open3"
require_relative "support/signatures"
require "em/io_streamer"

# Compares sig/ with the loaded module: each public method has a signature, which accepts no call that the method
# does not accept, and each signature belongs to an existing method.
RSpec.describe "The signatures", time_limit: 60 do
  # The modules and classes that can be reached by public constants.
  reach = lambda do |mod, found = []|
    next found if found.include?(mod)

    found << mod
    # Loading some of them loads others.
    mod.constants(false).each { |name| mod.const_get(name) }
    mod.constants(false).sort.each do |name|
      value = mod.const_get(name)
      reach.call(value, found) if value.is_a?(Module) && value.name == "#{mod.name}::#{name}"
    end
    found
  end

  # Classes that the library creates for its own handlers have names too. The command has no API.
  modules = [*reach.call(EventMachine), BufferedTokenizer].reject do |mod|
    mod.name.end_with?("EM_CONNECTION_CLASS") || mod.name.start_with?("EventMachine::Top")
  end
  # The method of an application takes the argument; the default one need not.
  overridden = { EventMachine::Connection => %i[unbind] }
  fixture = File.read(File.join(__dir__, "fixtures", "surface.json"), encoding: "UTF-8")
  surface = JSON.parse(fixture).fetch("modules")

  before(:context) { @signatures = Signatures.new }

  let(:signatures) { @signatures }

  def accepted_counts(parameters, limit)
    kinds = parameters.map(&:first)
    required = kinds.count(:req)
    kinds.include?(:rest) ? (required..limit).to_a : (required..required + kinds.count(:opt)).to_a
  end

  def public_methods_of(mod, kind)
    methods =
      if kind == :singleton
        mod.singleton_methods(false).select { |name| mod.singleton_class.public_method_defined?(name) }
      else
        mod.public_instance_methods(false) + mod.protected_instance_methods(false)
      end
    # Members of a Struct are declared one by one. Methods of Struct itself are Ruby's.
    methods - (mod < Struct ? %i[new [] members inspect keyword_init?] : [])
  end

  def method_of(mod, kind, name)
    kind == :singleton ? mod.method(name) : mod.instance_method(name)
  end

  modules.each do |mod|
    it "declare #{mod}" do
      expect(signatures.declares?(mod)).to be(true)
    end

    %i[singleton instance].each do |kind|
      it "cover the #{kind} methods of #{mod}" do
        missing = public_methods_of(mod, kind).reject { |name| signatures.method(mod, kind, name) }
        expect(missing).to be_empty, "no signature: #{missing.join(', ')}"
      end

      it "take no call that a #{kind} method of #{mod} does not" do
        wrong = public_methods_of(mod, kind).filter_map do |name|
          signature = signatures.method(mod, kind, name) or next
          parameters = method_of(mod, kind, name).parameters
          limit = 20
          excess = signatures.counts(signature, limit) - accepted_counts(parameters, limit)
          excess = [] if overridden.fetch(mod, []).include?(name)
          "#{name} takes not #{excess.join(', ')} arguments" if excess.any?
        end
        expect(wrong).to be_empty, wrong.join("; ")
      end

      it "name no #{kind} method that #{mod} lacks" do
        kept = kind == :singleton ? "singleton_methods" : "private_instance_methods"
        upstream = surface.dig(mod.name, kept) || {}
        unknown = signatures.own_methods(mod, kind).reject do |name|
          present = kind == :singleton ? mod.respond_to?(name) : mod.method_defined?(name)
          # Functions of the module are private methods of who includes it.
          present || (kind == :instance && mod.private_method_defined?(name)) || upstream.key?(name.to_s)
        end
        expect(unknown).to be_empty, "no such method: #{unknown.join(', ')}"
      end
    end

    it "cover the constants of #{mod}" do
      missing = mod.constants(false).reject { |name| signatures.constant?("#{mod.name}::#{name}") }
      expect(missing - %i[EM_CONNECTION_CLASS Top]).to be_empty, "no signature: #{missing.join(', ')}"
    end
  end

  it "agree with what is given and returned" do
    specs = %w[integration/tcp integration/timers unit/em/channel unit/em/completion unit/em/queue]
    environment = { "SPECS" => specs.map { |name| "spec/#{name}_spec.rb" }.join(",") }
    command = [RbConfig.ruby, "-S", "rake", "sig:test"]
    output, status = Open3.capture2e(environment, *command, chdir: File.expand_path("..", __dir__))
    expect(status).to be_success, output
    expect(output).to match(/^\d+ calls of \d{2,} methods were checked$/)
  end

  it "stand in files that are named as those of the library" do
    sig = Signatures::DIRECTORY
    files = sig.glob("**/*.rbs").map { |path| path.relative_path_from(sig) }
    library = sig.join("../lib")
    expect(files).not_to be_empty
    expect(files.reject { |path| library.join(path.sub_ext(".rb")).exist? }).to be_empty
  end
end
