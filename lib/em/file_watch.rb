# frozen_string_literal: true

module EventMachine
  # What {EventMachine.watch_file} returns. A subclass or module overrides the methods that tell of what it
  # wants to know.
  #
  # @example Load a configuration again when somebody edits it
  #   class ConfigurationWatch < EventMachine::FileWatch
  #     def file_modified
  #       Settings.load(path)
  #     end
  #   end
  #   EventMachine.watch_file("/etc/app.conf", ConfigurationWatch)
  class FileWatch < Connection
    # What the reactor calls a change of the contents.
    Cmodified = "modified"

    # What the reactor calls the removal of the file.
    Cdeleted = "deleted"

    # What the reactor calls a change of the name.
    Cmoved = "moved"

    # @return [String] the name that {EventMachine.watch_file} was given
    attr_reader :path

    # Called by the reactor; calls the method for what has happened.
    #
    # @param data [String] {Cmodified}, {Cdeleted} or {Cmoved}; anything else is ignored
    # @return [void]
    def receive_data(data)
      case data
      when Cmodified then file_modified
      when Cdeleted then file_deleted
      when Cmoved then file_moved
      end
    end

    # Called when the contents were changed.
    #
    # @return [void]
    def file_modified; end

    # Called when the file was removed. The watch ends.
    #
    # @return [void]
    def file_deleted; end

    # Called when the file was given another name, or moved to another directory. The watch goes on with it.
    #
    # @return [void]
    def file_moved; end

    # Ends the watch; `unbind` is called then.
    #
    # @return [nil]
    # @raise [InvalidSignature] when it has ended before
    def stop_watching
      EventMachine.unwatch_filename(@signature)
    end
  end
end
