# frozen_string_literal: true

# Checks that each module of the core uses only those of the layers above it in ext/reactor/src/lib.rs.
class Layers
  SOURCES = "ext/reactor/src"

  # @return [Array<String>] what is used against the order
  def violations
    levels.keys.flat_map do |name|
      sources(name).flat_map { |file| violations_in(file, name) }
    end
  end

  private

  # The level of each module: those of one group of declarations are on one level.
  def levels
    @levels ||= File.read(File.join(SOURCES, "lib.rs"), encoding: "UTF-8").split("\n\n").each_with_index
                    .flat_map { |group, level| group.scan(/^(?:pub )?mod (\w+);/).flatten.map { |name| [name, level] } }
                    .to_h
  end

  def sources(name)
    Dir[File.join(SOURCES, "#{name}.rs"), File.join(SOURCES, name, "**", "*.rs")]
  end

  def violations_in(file, name)
    File.read(file, encoding: "UTF-8").lines.each_with_index.flat_map do |line, index|
      used = line.scan(/\bcrate::(\w+)/).flatten
      against = used.select { |other| other != name && levels.key?(other) && levels[other] >= levels[name] }
      against.map { |other| "#{file}:#{index + 1}: #{name} uses #{other}, which is not below it" }
    end
  end
end

desc "Checks that the modules of the core use each other in one direction"
task :layers do
  found = Layers.new.violations
  abort found.join("\n") if found.any?
end
