# frozen_string_literal: true

module EventMachine
  # What happened in a directory that is watched: see {EventMachine.watch_directory}.
  class DirectoryEvent
    # @return [Symbol] `:created`, `:modified`, `:deleted`, `:moved` or `:overflow`
    attr_reader :type
    # @return [String, nil] the entry's path below the directory that is watched; "." for that directory itself; for an
    #   overflow nil, or the directory that cannot be watched
    attr_reader :name
    # @return [String, nil] the name before, of what was moved
    attr_reader :from

    # @param type [Symbol]
    # @param name [String, nil]
    # @param from [String, nil]
    # @param directory [Boolean]
    def initialize(type, name, from: nil, directory: false)
      @type = type
      @name = name
      @from = from
      @directory = directory
    end

    # @return [Boolean] whether the entry is a directory
    def directory?
      @directory
    end
  end

  # Calls something with what happens in a directory: see {EventMachine.watch_directory}.
  class DirectoryWatch < Watch
    # A rename is two notices. The second follows at once where it concerns this watch, too; seconds.
    RENAME = 0.01
    private_constant :RENAME

    # @return [String] absolute path of the directory
    attr_reader :path

    # @param path [String] as {EventMachine.watch_directory}
    # @param callback [#call, nil] what to call with each {DirectoryEvent}; the block, if nil
    # @param recursive [Boolean] as {EventMachine.watch_directory}
    # @raise [SystemCallError, Unsupported, RuntimeError] as {EventMachine.watch_directory}
    def initialize(path, callback = nil, recursive: false, &block)
      EventMachine.__send__(:require_reactor, "watch_directory")
      raise Errno::ENOENT, path.inspect if path == ""

      @path = File.expand_path(path)
      @notices = []
      @shared = false
      @inotify = Inotify.new
      @tree = Tree.new(@path, @inotify, recursive)
      super(callback || block)
      @descriptor = @inotify.watch { read }
    rescue StandardError
      retire if active?
      @inotify&.close
      raise
    end

    private

    def read
      return if @shared

      @notices.concat(@inotify.read)
      work
    end

    # Acts on what was read. What the block raises holds up nothing: the rest follows in the next turn.
    def work
      deliver
      while active? && (notice, other_end = next_notice)
        @tree.take(notice, other_end)
        deliver
      end
      verify if active? && @notices.empty?
    ensure
      EventMachine.next_tick { work } if active? && work_left?
    end

    # Where notices have come meanwhile, these come first.
    def verify
      @notices.concat(@inotify.read)
      deliver if @notices.empty? && @tree.verify
    end

    def work_left?
      @tree.events.any? || (@notices.any? && @grace.nil?)
    end

    def deliver
      while active? && (event = @tree.events.shift)
        occur(event)
      end
      finish if active? && @tree.gone?
    end

    # The next that can be acted on, with the other end of a rename.
    def next_notice
      first = @notices.first or return
      return [@notices.shift] unless Inotify.moved_from?(first)

      place = @notices.index { |other| Inotify.moved_to?(other, first) }
      return await_other_end unless place || @waited

      @waited = false
      @grace&.cancel
      @grace = nil
      other = @notices.delete_at(place) if place
      [@notices.shift, other]
    end

    def await_other_end
      @grace ||= EventMachine.__send__(:part_of_watch, Timer.new(RENAME) { wait_is_over })
      nil
    end

    def wait_is_over
      @waited = true
      read
    end

    # The parent may read from its descriptor as well, and who reads a notice first has it.
    def forked
      @shared = true
    end

    def adopted
      release
      @shared = false
      @grace = nil
      @waited = false
      @notices.clear
      @inotify = Inotify.new
      @tree.renew(@inotify)
      @descriptor = @inotify.watch { read }
      EventMachine.next_tick { work if active? }
    end

    def moved; end

    def finish
      retire
      release
      never_arrive
    end

    def release
      @grace&.cancel
      @descriptor&.release
      @inotify.close
    end
  end

  class << self
    # Watches a directory: calls the block with what happens to its entries. What is there already is not told. Of a
    # directory that appears in a recursive watch, however it came there, all that it contains is told as created;
    # of one that is deleted or moved away, what it contained is gone without a word. What is moved in from outside
    # is created, what is moved out is deleted; a rename within tells both names. So who keeps a list by these events
    # always has what is there.
    #
    # Where the system could not keep up, `:overflow` is told. Then what was created and deleted meanwhile is told as
    # well, but not what was modified. A directory below that cannot be watched, since it may not be read or a limit is
    # reached, is told once, as an `:overflow` that has its name.
    #
    # When the directory itself is deleted or moved, `:deleted` is told of ".", and the watch ends. Where one above it
    # is renamed, that is so once it looks for what is below.
    #
    # @example
    #   EventMachine.watch_directory("inbox") do |event|
    #     Inbox.process(event.name) if event.type == :created && !event.directory?
    #   end
    # @param path [String] path of a directory
    # @param callback [#call, nil] what to call with each {DirectoryEvent}; the block, if nil
    # @param recursive [Boolean] whether directories below are watched too; each takes one of the user's
    #   `fs.inotify.max_user_watches`. Symbolic links are not followed.
    # @return [DirectoryWatch]
    # @raise [SystemCallError] when there is no such directory, or the limits of inotify(7) are reached
    # @raise [Unsupported] where there is no inotify(7)
    # @raise [RuntimeError] when no reactor runs
    def watch_directory(path, callback = nil, recursive: false, &block)
      DirectoryWatch.new(path, callback, recursive: recursive, &block)
    end
  end
end

require_relative "directory_watch/inotify"
require_relative "directory_watch/tree"
