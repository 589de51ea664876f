# frozen_string_literal: true

module EventMachine
  # Namespace of {Mapper}.
  class FastFileReader
    # Reads pieces of a file of any size. {FileStreamer} uses it.
    #
    # The file is read by pread(2), not mapped, so a file that becomes shorter cannot end the process by
    # SIGBUS.
    class Mapper
      # Opens a regular file.
      #
      # @param path [String]
      # @return [Mapper]
      # @raise [SystemCallError] if it cannot be read
      def self.new(path); end

      # @return [Integer] the file's size in bytes when it was opened
      def size; end

      # @param start [Integer] offset in bytes
      # @param length [Integer] bytes
      # @return [String]
      # @raise [RangeError] if the range is outside of {#size}
      # @raise [Errno::EIO] if the file has become shorter
      # @raise [IOError] if it was closed
      def get_chunk(start, length); end

      # Closes the file.
      #
      # @return [nil]
      def close; end
    end
  end
end
