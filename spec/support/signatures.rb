# frozen_string_literal: true

require "pathname"

# What sig/ says, as far as the specs ask for it. The gem rbs is loaded by the first that does: Rubies that are built
# for another platform may lack it.
class Signatures
  DIRECTORY = Pathname(File.expand_path("../../sig", __dir__))

  def initialize
    require "rbs"
    loader = RBS::EnvironmentLoader.new
    loader.add(library: "socket", version: nil)
    loader.add(path: DIRECTORY)
    @environment = RBS::Environment.from_loader(loader).resolve_type_names
    @builder = RBS::DefinitionBuilder.new(env: @environment)
    @definitions = {}
  end

  # @return [Boolean] whether there is a declaration of the module or class
  def declares?(mod)
    name = type_name(mod.name)
    @environment.class_decls.key?(name)
  end

  # @return [Boolean] whether there is a declaration of the constant, or of the module that it names
  def constant?(path)
    name = type_name(path)
    @environment.constant_decls.key?(name) || @environment.class_decls.key?(name)
  end

  # @param kind [Symbol] :instance or :singleton
  # @return [RBS::Definition::Method, nil] the method as declared here; nil where it is only one of Ruby's own
  def method(mod, kind, name)
    method = definition(mod, kind).methods[name]
    method if method&.defs&.any? { |declared| ours?(declared.implemented_in || declared.defined_in) }
  end

  # @return [Array<Symbol>] the methods that are declared of the module itself
  def own_methods(mod, kind)
    own = type_name(mod.name)
    methods = definition(mod, kind).methods.select do |_, method|
      method.accessibility == :public && method.defs.any? { |declared| declared.implemented_in == own }
    end
    methods.keys
  end

  # @return [Array<Integer>] the numbers of positional arguments that a call may have, up to a limit
  def counts(method, limit)
    method.method_types.flat_map do |overload|
      function = overload.type
      required = function.required_positionals.size + function.trailing_positionals.size
      most = function.rest_positionals ? limit : required + function.optional_positionals.size
      (required..most).to_a
    end.uniq
  end

  private

  def definition(mod, kind)
    @definitions[[mod, kind]] ||= @builder.public_send("build_#{kind}", type_name(mod.name))
  end

  def type_name(path)
    *namespace, name = path.split("::").map(&:to_sym)
    RBS::TypeName.new(name: name, namespace: RBS::Namespace.new(path: namespace, absolute: true))
  end

  def ours?(type)
    type && (type.to_s.start_with?("::EventMachine") || type.to_s == "::BufferedTokenizer")
  end
end
