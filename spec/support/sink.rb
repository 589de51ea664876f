# frozen_string_literal: true

# Stands for a connection that is sent to.
class Sink
  attr_accessor :holds_back, :returns
  attr_reader :pieces, :files

  def initialize
    @pieces = []
    @files = []
    @drained = 0
    @returns = :size
  end

  def send_data(data)
    @pieces << data.dup
    @returns == :size ? data.bytesize : @returns
  end

  def send_file_data(filename)
    @files << filename
  end

  def close_connection
    @closed = true
  end

  def closed?
    @closed
  end

  def bytes
    @pieces.sum(&:bytesize)
  end

  # Lets some of what is held back go.
  def drain(count)
    @drained = [@drained + count, bytes].min
  end

  def get_outbound_data_size
    holds_back ? bytes - @drained : 0
  end
end
