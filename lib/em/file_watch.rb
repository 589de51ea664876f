# frozen_string_literal: true

require "em/system_watch"

module EventMachine
  # A watch of a file, created by {EventMachine.watch_file}. Subclasses and modules override the methods for
  # the changes that they are interested in.
  #
  # @example Load a configuration again when somebody edits it
  #   class ConfigurationWatch < EventMachine::FileWatch
  #     def file_modified
  #       Settings.load(path)
  #     end
  #   end
  #   EventMachine.watch_file("/etc/app.conf", ConfigurationWatch)
  class FileWatch < Connection
    include SystemWatch

    # Data of the event: the contents were modified.
    Cmodified = "modified"

    # Data of the event: the file was deleted.
    Cdeleted = "deleted"

    # Data of the event: the file was moved.
    Cmoved = "moved"

    # @return [String] the path given to {EventMachine.watch_file}
    attr_reader :path

    # Called by the reactor. Calls the method for the change.
    #
    # @param data [String] {Cmodified}, {Cdeleted} or {Cmoved}; anything else is ignored
    # @return [void]
    def receive_data(data)
      case data
      when Cmodified then file_modified
      when Cdeleted
        @outcome = [:deleted]
        file_deleted
      when Cmoved then file_moved
      end
    end

    # Called when the contents were modified.
    #
    # @return [void]
    def file_modified; end

    # Called when the file was deleted. The watch ends.
    #
    # @return [void]
    def file_deleted; end

    # Called when the file was renamed or moved to another directory. The watch follows it, unless another file takes
    # its place within 50 ms, as when logs are rotated: then that one is watched, and {#file_modified} is called next.
    #
    # @return [void]
    def file_moved; end

    # Called when a file appears that was not there yet. A handler that has this method may watch such a file, if its
    # directory is there. When the directory goes before that, {#file_deleted} is called, and the watch ends.
    #
    # @return [void]
    def file_created; end

    # Called when permissions, owner, times or the number of names of the file changed.
    #
    # @return [void]
    def file_attributes_changed; end

    # Ends the watch. `unbind` is called.
    #
    # @return [nil]
    # @raise [InvalidSignature] if it has ended
    def stop_watching
      EventMachine.unwatch_filename(@signature).tap { stopped }
    end

    # Tells the fibers that wait, beside the methods of the application's.
    module Told
      # What is told, by the data of the event.
      CHANGES = { Cmodified => :modified, Cdeleted => :deleted, Cmoved => :moved }.freeze
      private_constant :CHANGES

      # @param data [String]
      # @return [void]
      def receive_data(data)
        tell_arrivals(CHANGES[data]) { super }
      end

      # @return [void]
      def file_created
        tell_arrivals(:created) { super }
      end

      # @return [void]
      def file_attributes_changed
        tell_arrivals(:attributes_changed) { super }
      end
    end
    private_constant :Told

    private

    def told
      Told
    end
  end
end
