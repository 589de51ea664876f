# frozen_string_literal: true

Bench.program(:cycles, "EM.run and stop", operations: 20_000, source: <<~RUBY)
  OPERATIONS.times { EventMachine.run { EventMachine.stop } }
RUBY

# What Ruby takes to start without it is subtracted.
Bench.program(:require, "require \"eventmachine\"", operations: 10, source: <<~RUBY)
  require "rbconfig"

  def starts(*options)
    before = Process.times
    OPERATIONS.times { system(RbConfig.ruby, "--disable-gems", *options, "-e", "", exception: true) }
    after = Process.times
    [after.cutime - before.cutime, after.cstime - before.cstime]
  end

  paths = $LOAD_PATH.flat_map { |path| ["-I", path] }
  starts(*paths)
  bare = starts(*paths)
  loaded = starts(*paths, "-r", "eventmachine")
  tell_cost(*loaded.zip(bare).map { |with, without| [with - without, 0].max })
  exit!(true)
RUBY
