# frozen_string_literal: true

require "fiddle"
require "tempfile"

# The memory of this process, in KiB.
module Memory
  module_function

  # @return [Integer] what is resident
  def resident
    File.read("/proc/self/status", encoding: "UTF-8")[/VmRSS:\s+(\d+)/, 1].to_i
  end

  # @return [Integer] what is resident once all is given back that is not in use: glibc keeps what was freed
  def kept
    3.times { GC.start }
    call("malloc_trim", [Fiddle::TYPE_SIZE_T], [0])
    resident
  end

  # @return [Integer] what was allocated and not freed, which is less than what is resident: glibc gives back whole
  #   pages only. See malloc_info(3).
  def allocated
    total = malloc_info.split("</heap>").last
    bytes = ->(kind) { total[/type="#{kind}"[^>]* size="(\d+)"/, 1].to_i }
    (bytes["current"] + bytes["mmap"] - bytes["rest"] - bytes["fast"]) / 1024
  end

  def malloc_info
    Tempfile.create("malloc_info") do |file|
      stream = call("fopen", [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP], [file.path, "w"], Fiddle::TYPE_VOIDP)
      call("malloc_info", [Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP], [0, stream])
      call("fclose", [Fiddle::TYPE_VOIDP], [stream])
      file.read
    end
  end

  def call(name, types, arguments, result = Fiddle::TYPE_INT)
    Fiddle::Function.new(Fiddle.dlopen(nil)[name], types, result).call(*arguments)
  end
end
