# frozen_string_literal: true

require "open3"
require "tmpdir"

# Messages of the source gem if something that it needs for compiling is missing.
RSpec.describe "Looking for prerequisites" do
  script = File.expand_path("../../ext/prerequisites/extconf.rb", __dir__)
  systems = ["Debian, Ubuntu:", "Fedora:", "Alpine:", "macOS:", "Windows:"]

  around do |example|
    Dir.mktmpdir do |directory|
      @directory = directory
      @bin = File.join(directory, "bin")
      Dir.mkdir(@bin)
      @clang = File.join(directory, "clang")
      Dir.mkdir(@clang)
      example.run
    end
  end

  # A program that prints a version.
  def provide(name, says = "")
    path = File.join(@bin, name)
    File.write(path, "#!/bin/sh\necho '#{says}'\n")
    File.chmod(0o755, path)
  end

  def provide_all
    provide("cargo", "cargo 1.85.0 (d73d2caf9 2024-12-31)")
    provide("cc")
    provide("make")
    FileUtils.touch(File.join(@clang, "libclang.so.1"))
  end

  define_method(:look) do |headers: @directory, **more|
    FileUtils.touch(File.join(@directory, "ruby.h"))
    environment = { "PATH" => @bin, "LIBCLANG_PATH" => @clang, "CARGO" => nil, "MAKE" => nil, **more }
    program = "RbConfig::CONFIG['rubyhdrdir'] = #{headers.dump}; load #{script.dump}"
    Open3.capture2e(environment, RbConfig.ruby, "-w", "-e", program, chdir: @directory)
  end

  it "finds nothing missing where all is there, and leaves make nothing to do" do
    provide_all
    output, status = look
    expect(output).to be_empty
    expect(status).to be_success
    makefile = File.join(@directory, "Makefile")
    expect(File.read(makefile, encoding: "UTF-8")).to eq("all install clean:\n")
  end

  {
    "cargo" => "cargo, of Rust 1.85 or newer (not in PATH)",
    "cc" => "a C compiler (cc)",
    "make" => "  make\n"
  }.each do |program, description|
    it "names #{program} where that alone is missing, and how to get it on each system" do
      provide_all
      File.delete(File.join(@bin, program))
      output, status = look
      expect(status).not_to be_success
      expect(output).to include(description)
      systems.each { |system| expect(output.scan(system).size).to eq(1), system }
      expect(File).not_to exist(File.join(@directory, "Makefile"))
    end
  end

  it "names a cargo that is too old" do
    provide_all
    provide("cargo", "cargo 1.63.0")
    expect(look.first).to include("cargo, of Rust 1.85 or newer (there is 1.63.0)")
  end

  it "names libclang" do
    provide_all
    FileUtils.rm(Dir.glob(File.join(@clang, "*")))
    output, status = look
    expect(status).not_to be_success
    expect(output).to include("libclang (LIBCLANG_PATH", "apt-get install libclang-dev")
  end

  it "names Ruby's headers" do
    provide_all
    output, status = look(headers: "/nonexistent")
    expect(status).not_to be_success
    expect(output).to include("Ruby's headers (/nonexistent/ruby.h)", "apt-get install ruby-dev")
  end

  it "names all that is missing at once" do
    output, = look
    expect(output).to include("cargo,", "a C compiler", "  make\n", "libclang (")
  end

  it "can be skipped" do
    expect(look("EVENTMACHINE_SKIP_CHECKS" => "1")[1]).to be_success
  end
end
