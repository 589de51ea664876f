# frozen_string_literal: true

module EventMachine
  class DirectoryWatch
    # What is known to be in a directory. Notices come later than what they tell of, and a directory may have been
    # filled, renamed or replaced before it was watched. So a directory is read once it is watched, and each notice
    # is compared with what is known, so that nothing is told twice and nothing is left out. One descriptor is used to
    # watch and to read, since something else may be at the path a moment later.
    #
    # What was read before notices of the same time have come may be mistaken for something else that has its name.
    # So it is read once more when there are no more notices, until nothing is found that is not known.
    class Tree
      # A directory that is watched.
      class Node
        # @return [String, nil] nil for the root
        attr_accessor :name
        # @return [Node, nil]
        attr_accessor :parent
        # @return [Integer, nil] number of its watch; nil when it is not at its path now
        attr_accessor :number
        # @return [Boolean] whether it could not be watched, which was told
        attr_accessor :refused
        # @return [Hash{String => Node, Symbol}] a directory that is not watched is `:directory`, all else `:file`
        attr_reader :entries

        def initialize(name, parent)
          @name = name
          @parent = parent
          @entries = {}
        end

        # @return [String] path of an entry below the root
        def path(entry)
          @parent ? @parent.path("#{@name}/#{entry}") : entry
        end
      end
      private_constant :Node

      # @return [Array<DirectoryEvent>] what is to be told
      attr_reader :events

      def initialize(path, inotify, recursive)
        @path = path
        @inotify = inotify
        @recursive = recursive
        @nodes = {}
        @events = []
        @unsure = {}.compare_by_identity
        @late = false
        @root = Node.new(nil, nil)
        know(@root, @inotify.add(path))
        explore(@root)
        @events.select! { |event| event.type == :overflow }
      end

      # @return [Boolean] whether the root is not there any more
      def gone?
        @root.nil?
      end

      # Looks again at what was read before notices came. To be called when there are no more.
      #
      # @return [Boolean] whether there was something to look at
      def verify
        nodes = @late ? @unsure.keys.select { |node| known?(node) && above(node).none? { |other| @unsure[other] } } : []
        @unsure.clear
        @late = false
        nodes.each { |node| refresh(node) if known?(node) }.any?
      end

      # Goes on with other watches. What has happened meanwhile is found out as after an overflow.
      #
      # @param inotify [Inotify]
      # @return [void]
      def renew(inotify)
        @inotify = inotify
        @nodes.each_value { |node| node.number = nil }
        @nodes = {}
        know(@root, inotify.add(@path))
        overflowed
      rescue SystemCallError
        vanish
      end

      # Takes notice.
      #
      # @param notice [Array] as {Inotify#read}
      # @param other_end [Array, nil] the second of a rename
      # @return [void]
      def take(notice, other_end = nil)
        number, mask, _, name = notice
        @late = true
        return overflowed if mask & Inotify::OVERFLOW != 0

        directory = mask & Inotify::ISDIR != 0
        other = other_end && @nodes[other_end.first]
        # It may come from a directory that has left.
        node = @nodes[number] or return (arrived(other, other_end.last, directory) if other)
        return changed(node, mask) if name.empty?

        if other then moved(node, name, other, other_end.last, directory)
        elsif mask & Inotify::CREATE != 0 then appeared(node, name, directory)
        elsif mask & Inotify::MOVED_TO != 0 then arrived(node, name, directory)
        elsif mask & Inotify::MODIFY != 0 then modified(node, name)
        else vanished(node, name)
        end
      end

      private

      def tell(type, node, name, from: nil, directory: false)
        return if gone?

        @events << DirectoryEvent.new(type, node&.path(name), from: from, directory: directory)
      end

      # What happens to a directory below the root, that above it has told.
      def changed(node, mask)
        return unless node.equal?(@root) && mask & (Inotify::DELETE_SELF | Inotify::MOVE_SELF | Inotify::UNMOUNT) != 0

        vanish
      end

      def vanish
        tell(:deleted, @root, ".", directory: true)
        @root = nil
      end

      def overflowed
        tell(:overflow, nil, nil)
        refresh(@root)
      end

      def appeared(node, name, directory)
        known = node.entries[name]
        return if known && (known != :file) == directory

        vanished(node, name) if known
        node.entries[name] = directory ? :directory : :file
        tell(:created, node, name, directory: directory)
        return unless directory && @recursive

        explore(node.entries[name] = Node.new(name, node))
      end

      # It was moved here from where nobody watches, and maybe in the place of another.
      def arrived(node, name, directory)
        return modified(node, name) if node.entries[name] == :file && !directory

        appeared(node, name, directory)
      end

      def modified(node, name)
        tell(:modified, node, name) if node.entries[name] == :file
      end

      def vanished(node, name)
        entry = node.entries.delete(name) or return
        forget(entry)
        tell(:deleted, node, name, directory: entry != :file)
      end

      def moved(node, name, target, new_name, directory)
        entry = node.entries[name]
        # Something else has its name by now, of which another notice will tell.
        return arrived(target, new_name, directory) unless entry && (entry != :file) == directory

        return mistaken(node, name) if [target, *above(target)].include?(entry)

        node.entries.delete(name)
        forget(target.entries[new_name])
        target.entries[new_name] = entry
        tell(:moved, target, new_name, from: node.path(name), directory: directory)
        return unless entry.is_a?(Node)

        entry.parent = target
        entry.name = new_name
        @unsure[entry] = true if @unsure.any?
        find(entry)
      end

      # A directory cannot be moved into itself, so one of the two is taken for another.
      def mistaken(node, name)
        vanished(node, name)
        @unsure[@root] = true
      end

      # Looks again for what was not at its path, neither it nor what is below.
      def find(node)
        return refresh(node) unless node.number

        node.entries.values.grep(Node).each { |below| find(below) }
      end

      # Ends the watches of a directory and of those below.
      def forget(entry)
        return unless entry.is_a?(Node)

        unwatch(entry)
        entry.entries.each_value { |below| forget(below) }
      end

      def unwatch(node)
        number = node.number or return
        node.number = nil
        @nodes.delete(number)
        @inotify.remove(number)
      end

      # Watches a directory, and finds out what it contains.
      #
      # @return [Boolean] false when it is not there (any more), or cannot be watched
      def explore(node)
        number, contents = node.equal?(@root) ? [node.number, contents(@path)] : look_at(node)
        @unsure[node] = true unless number == node.number && same?(node, contents)
        know(node, number)
        node.refused = false
        compare(node, contents)
      rescue Errno::ENOENT, Errno::ENOTDIR, Errno::ELOOP
        unwatch(node)
        vanish unless root_there?
        false
      rescue SystemCallError
        refuse(node) unless node.equal?(@root)
        false
      end

      # What it contains is not told, which is told once.
      def refuse(node)
        tell(:overflow, node.parent, node.name, directory: true) unless node.refused
        node.refused = true
      end

      # A directory above it may have been renamed, of which there is no notice.
      def root_there?
        return true if gone?

        number = @inotify.add(@path)
        @inotify.remove(number) unless number == @root.number
        number == @root.number
      rescue SystemCallError
        false
      end

      # @return [Array(Integer, Hash)] number of the watch, and as {contents}
      def look_at(node)
        path = File.join(@path, node.parent.path(node.name))
        File.open(path, File::RDONLY | File::NOFOLLOW | File::NONBLOCK) do |opened|
          raise Errno::ENOTDIR, path unless opened.stat.directory?

          path = "/proc/self/fd/#{opened.fileno}"
          [@inotify.add(path), contents(path)]
        end
      end

      # A number that another has was meant for this one: they changed places before the other was watched.
      def know(node, number)
        return if node.number == number

        unwatch(node)
        other = @nodes[number]
        @nodes[number] = node
        node.number = number
        return unless other

        other.number = nil
        refresh(other)
      end

      # Finds out what has changed unnoticed.
      def refresh(node)
        known = node.entries.values.grep(Node)
        return unless explore(node)

        known.each { |below| refresh(below) if below.parent.equal?(node) && node.entries[below.name].equal?(below) }
      end

      # Compares a directory with what is known to be in it.
      def compare(node, contents)
        (node.entries.keys - contents.keys).each { |name| vanished(node, name) }
        contents.each { |name, directory| appeared(node, name, directory) }
        true
      end

      def same?(node, contents)
        node.entries.size == contents.size && contents.all? do |name, directory|
          node.entries.key?(name) && (node.entries[name] != :file) == directory
        end
      end

      # @return [Boolean] whether a node is in the tree
      def known?(node)
        node = node.parent while node.parent&.entries&.fetch(node.name, nil).equal?(node)
        node.equal?(@root)
      end

      # @return [Array<Node>] the directories that a node is in, the nearest first
      def above(node)
        nodes = []
        nodes << node while (node = node.parent)
        nodes
      end

      # @return [Hash{String => Boolean}] whether each entry is a directory
      def contents(path)
        Dir.children(path).to_h { |name| [name, directory?(File.join(path, name))] }.compact
      end

      # @return [Boolean, nil] nil when it is gone
      def directory?(path)
        File.lstat(path).directory?
      rescue SystemCallError
        nil
      end
    end
    private_constant :Tree
  end
end
