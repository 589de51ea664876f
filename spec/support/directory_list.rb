# frozen_string_literal: true

# Keeps a list of what is in a directory, by the events of a watch.
class DirectoryList
  # @return [Hash{String => Hash, Symbol}] by name: the same of a directory, `:file` for anything else
  attr_reader :entries
  attr_reader :events

  def initialize(directory)
    @directory = directory
    @entries = on_disk
    @events = []
  end

  # @return [Hash{String => Hash, Symbol}] what is there
  def on_disk(directory = @directory)
    Dir.children(directory).to_h do |name|
      path = File.join(directory, name)
      [name, File.lstat(path).directory? ? on_disk(path) : :file]
    end
  end

  def take(event)
    @events << event
    case event.type
    when :created then add(event)
    when :deleted then remove(event.name) unless event.name == "."
    when :moved then move(event.from, event.name)
    end
  end

  private

  def add(event)
    directory, name = place(event.name)
    raise "created twice: #{event.name}" if directory.key?(name)

    directory.store(name, event.directory? ? {} : :file)
  end

  def remove(path)
    directory, name = place(path)
    directory.delete(name) or raise "unknown: #{path}"
  end

  def move(from, path)
    entry = remove(from)
    directory, name = place(path)
    directory.store(name, entry)
  end

  # @return [Array(Hash, String)] the directory that a path is in, and the name there
  def place(path)
    *above, name = path.split("/")
    [above.reduce(@entries) { |directory, part| directory.fetch(part) }, name]
  end
end
