# frozen_string_literal: true

module EventMachine
  class DirectoryWatch
    # An inotify(7) descriptor. It has notices: number of the watch, mask, cookie, and name of the entry.
    class Inotify
      # The contents of a file changed.
      MODIFY = 0x2
      # An entry is renamed: its name before.
      MOVED_FROM = 0x40
      # An entry was renamed: its name now.
      MOVED_TO = 0x80
      # An entry was made.
      CREATE = 0x100
      # An entry was deleted.
      DELETE = 0x200
      # The directory was deleted.
      DELETE_SELF = 0x400
      # The directory was renamed.
      MOVE_SELF = 0x800
      # Its file system was unmounted.
      UNMOUNT = 0x2000
      # The queue was full, and notices are lost.
      OVERFLOW = 0x4000
      # The entry is a directory.
      ISDIR = 0x4000_0000
      # Only a directory is watched.
      ONLYDIR = 0x100_0000
      # A symbolic link is not followed.
      DONT_FOLLOW = 0x200_0000
      # All that is watched for.
      WATCHED = MODIFY | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF | ONLYDIR

      # As much as is read at once, in bytes.
      SHARE = 65_536

      # `struct inotify_event`, whose name follows.
      HEAD = "lLLL"
      # Its size without the name, in bytes.
      HEAD_SIZE = 16

      # @return [Boolean] whether a notice is the first half of a rename
      def self.moved_from?(notice)
        notice[1] & MOVED_FROM != 0
      end

      # @return [Boolean] whether a notice is the second half of another's rename
      def self.moved_to?(notice, first)
        notice[1] & MOVED_TO != 0 && notice[2] == first[2]
      end

      def initialize
        @io = IO.for_fd(EventMachine.__send__(:open_inotify))
      end

      # @return [Integer] the number of the watch: the same for the same directory
      def add(path, mask = WATCHED)
        EventMachine.__send__(:add_inotify_watch, @io.fileno, path, mask)
      end

      # @return [void]
      def remove(number)
        EventMachine.__send__(:remove_inotify_watch, @io.fileno, number)
      end

      # @return [WatchedDescriptor] which calls back when there are notices
      def watch(&callback)
        WatchedDescriptor.new(@io, :readable, &callback)
      end

      # @return [Array<Array>] those that wait, or some of them
      def read
        bytes = @io.read_nonblock(SHARE, exception: false)
        bytes.is_a?(String) ? parse(bytes) : []
      end

      # @return [void]
      def close
        @io.close
      end

      private

      def parse(bytes)
        notices = []
        offset = 0
        while offset < bytes.bytesize
          number, mask, cookie, length = bytes.unpack(HEAD, offset: offset)
          name = bytes.unpack1("Z#{length}", offset: offset + HEAD_SIZE)
          notices << [number, mask, cookie, name.force_encoding(Encoding.find("filesystem"))]
          offset += HEAD_SIZE + length
        end
        notices
      end
    end
    private_constant :Inotify
  end
end
