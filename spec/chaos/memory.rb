# frozen_string_literal: true

require "fiddle"

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
    trim = Fiddle.dlopen(nil)["malloc_trim"]
    Fiddle::Function.new(trim, [Fiddle::TYPE_SIZE_T], Fiddle::TYPE_INT).call(0)
    resident
  end
end
