# frozen_string_literal: true

module EventMachine
  class DirectoryWatch
    # What is known to be in a directory. Notices come later than what they tell of, and a directory may have been
    # filled, renamed or replaced before it was watched. So a directory is read once it is watched, and each notice
    # is compared with what is known, so that nothing is told twice and nothing is left out.
    class Tree
      # A directory that is watched.
      class Node
        # @return [String, nil] nil for the root
        attr_accessor :name
        # @return [Node, nil]
        attr_accessor :parent
        # @return [Integer, nil] number of its watch; nil when it is not at its path now
        attr_accessor :number
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
        @root = Node.new(nil, nil)
        know(@root, @inotify.add(path))
        read(@root)
        @events.clear
      end

      # @return [Boolean] whether the root is not there any more
      def gone?
        @root.nil?
      end

      # Goes on with other watches. What has happened meanwhile is found out as after an overflow.
      #
      # @param inotify [Inotify]
      # @return [void]
      def renew(inotify)
        @inotify = inotify
        nodes = @nodes.values
        @nodes = {}
        nodes.each { |node| node.number = nil }
        nodes.each { |node| node.equal?(@root) ? know(node, inotify.add(@path)) : watch(node) }
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
        return overflowed if mask & Inotify::OVERFLOW != 0

        node = @nodes[number] or return
        return changed(node, mask) if name.empty?

        directory = mask & Inotify::ISDIR != 0
        other = other_end && @nodes[other_end.first]
        if other then moved(node, name, other, other_end.last, directory)
        elsif mask & Inotify::CREATE != 0 then appeared(node, name, directory)
        elsif mask & Inotify::MOVED_TO != 0 then arrived(node, name, directory)
        elsif mask & Inotify::MODIFY != 0 then modified(node, name)
        else vanished(node, name)
        end
      end

      private

      def tell(type, node, name, from: nil, directory: false)
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

        child = node.entries[name] = Node.new(name, node)
        read(child) if watch(child)
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
        entry = node.entries.delete(name) or return arrived(target, new_name, directory)
        forget(target.entries[new_name])
        target.entries[new_name] = entry
        tell(:moved, target, new_name, from: node.path(name), directory: entry != :file)
        return unless entry.is_a?(Node)

        entry.parent = target
        entry.name = new_name
        refresh(entry) unless entry.number
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

      # @return [Boolean] false when it is not there (any more), or cannot be watched
      def watch(node)
        know(node, @inotify.add(location(node), Inotify::WATCHED | Inotify::DONT_FOLLOW))
        true
      rescue Errno::ENOENT, Errno::ENOTDIR, Errno::ELOOP
        unwatch(node)
        false
      rescue SystemCallError
        tell(:overflow, node.parent, node.name, directory: true)
        false
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
        return unless node.equal?(@root) || watch(node)

        read(node)
        node.entries.each_value { |entry| refresh(entry) if entry.is_a?(Node) && entry.number }
      end

      # Compares a directory with what is known to be in it.
      def read(node)
        kinds = Dir.children(location(node)).to_h { |name| [name, kind(node, name)] }.compact
        (node.entries.keys - kinds.keys).each { |name| vanished(node, name) }
        kinds.each { |name, directory| appeared(node, name, directory) }
      rescue SystemCallError
        # It was removed, which a notice will tell, or must not be read.
        nil
      end

      # @return [Boolean, nil] whether it is a directory; nil when it is gone
      def kind(node, name)
        File.lstat(File.join(@path, node.path(name))).directory?
      rescue SystemCallError
        nil
      end

      def location(node)
        node.parent ? File.join(@path, node.parent.path(node.name)) : @path
      end
    end
    private_constant :Tree
  end
end
