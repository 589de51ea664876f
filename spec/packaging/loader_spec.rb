# frozen_string_literal: true

require "open3"
require "tmpdir"

RSpec.describe "The loader" do
  around do |example|
    Dir.mktmpdir do |directory|
      @directory = directory
      FileUtils.mkdir_p(File.join(directory, "lib", "em"))
      FileUtils.cp(File.join(__dir__, "../../lib/em/loader.rb"), File.join(directory, "lib", "em"))
      example.run
    end
  end

  minor = RUBY_VERSION[/\A\d+\.\d+/]
  file = "eventmachine.#{RbConfig::CONFIG['DLEXT']}"

  # The library is not loaded here, only required.
  def ask
    program = <<~'RUBY'
      module Kernel
        def require(path) = puts("require #{path}")
      end
      load "lib/em/loader.rb"
    RUBY
    Open3.capture2e(RbConfig.ruby, "-w", "--disable-gems", "-rrbconfig", "-e", program, chdir: @directory)
  end

  def put(*path)
    target = File.join(@directory, "lib", *path)
    FileUtils.mkdir_p(File.dirname(target))
    FileUtils.touch(target)
    File.realpath(target)
  end

  it "takes the library in the load path, where none is precompiled" do
    output, status = ask
    expect(status).to be_success
    expect(output.lines(chomp: true).last).to eq("require #{file}")
  end

  it "says how to compile the library, in a checkout and in a gem, where there is none" do
    command = [RbConfig.ruby, "--disable-gems", "-e", 'load "lib/em/loader.rb"']
    output, status = Open3.capture2e(*command, chdir: @directory)
    expect(status).not_to be_success
    expect(output).to include("not compiled: run `gem pristine eventmachine`", "LoadError")

    FileUtils.touch(File.join(@directory, "Rakefile"))
    expect(Open3.capture2e(*command, chdir: @directory).first).to include("not compiled: run `rake compile`")
  end

  it "does not hide why a library cannot be loaded" do
    File.write(File.join(@directory, "lib", file), "no library")
    program = '$LOAD_PATH.unshift("lib"); load "lib/em/loader.rb"'
    output, status = Open3.capture2e(RbConfig.ruby, "--disable-gems", "-e", program, chdir: @directory)
    expect(status).not_to be_success
    expect(output).to include(file)
    expect(output).not_to include("not compiled")
  end

  it "takes the library that was precompiled for this Ruby" do
    put("eventmachine", "2.0", file)
    expected = put("eventmachine", minor, file)
    expect(ask.first.lines(chomp: true).last).to eq("require #{expected}")
  end

  it "tells where to turn if that is for another system, such as glibc's on musl, and what the system says" do
    File.write(put("eventmachine", minor, file), "no library")
    command = [RbConfig.ruby, "--disable-gems", "-e", 'load "lib/em/loader.rb"']
    output, status = Open3.capture2e(*command, chdir: @directory)
    expect(status).not_to be_success
    expect(output).to include("does not fit this system: gem install eventmachine --platform ruby (", file, "LoadError")
  end

  it "tells which Rubies there are libraries for, where there is none for this one" do
    put("eventmachine", "2.0", file)
    output, status = ask
    expect(status).not_to be_success
    expect(output).to include("libraries for Ruby 2.0, not for #{minor}", "--platform ruby", "LoadError")
  end
end
