# frozen_string_literal: true

require "fileutils"

# Headers that a Ruby of another system includes, because its compiler has them, and an older compiler here lacks.
module Headers
  # C23's checked arithmetic, of GCC 14 and clang 18.
  STDCKDINT = <<~C
    #if __has_include_next(<stdckdint.h>)
    #include_next <stdckdint.h>
    #else
    #define __STDC_VERSION_STDCKDINT_H__ 202311L
    #define ckd_add(result, a, b) ((_Bool)__builtin_add_overflow((a), (b), (result)))
    #define ckd_sub(result, a, b) ((_Bool)__builtin_sub_overflow((a), (b), (result)))
    #define ckd_mul(result, a, b) ((_Bool)__builtin_mul_overflow((a), (b), (result)))
    #endif
  C

  module_function

  # @return [String] a directory with them
  def write(directory)
    FileUtils.mkdir_p(directory)
    File.write(File.join(directory, "stdckdint.h"), STDCKDINT)
    directory
  end
end
