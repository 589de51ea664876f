# frozen_string_literal: true

require "fileutils"

# What git knows of the checkout.
module Checkout
  module_function

  # @param arguments [Array<String>] words for git-ls-files(1); none for all files that are tracked
  # @return [Array<String>] paths below the root of the project, of what is there
  def files(*arguments)
    names = IO.popen(["git", "ls-files", "-z", *arguments], chdir: Native::ROOT, &:read)
    $?.success? || abort("git does not tell what is in the checkout")
    names.split("\0").select { |path| File.file?(File.join(Native::ROOT, path)) }
  end

  # Copies files to where they have the same paths.
  #
  # @param arguments [Array<String>] as {files}
  def copy(directory, *arguments)
    files(*arguments).each do |path|
      FileUtils.mkdir_p(File.join(directory, File.dirname(path)))
      FileUtils.cp(File.join(Native::ROOT, path), File.join(directory, path), preserve: true)
    end
  end
end
