# frozen_string_literal: true

require "open3"

# A machine on which nothing is set but PATH and HOME, as a fresh server is.
RSpec.describe "A bare machine", time_limit: 60 do
  root = File.expand_path("../..", __dir__)

  def bare(*command)
    environment = ENV.to_h.slice("PATH", "HOME")
    Open3.capture2e(environment, *command, unsetenv_others: true, chdir: File.expand_path("../..", __dir__))
  end

  encoding = "source bin/lib.sh; ruby -e 'puts Encoding.default_external'"

  it "reads text as UTF-8 in what bin/test and bin/demo start" do
    expect(bare("bash", "-c", encoding).first).to eq("UTF-8\n")
    expect(bare("env", "LC_ALL=C", "bash", "-c", encoding).first).to eq("UTF-8\n")
  end

  it "keeps the locale that is set, where it is one of UTF-8" do
    kept = "LC_ALL=C.UTF-8; LANG=en_US; export LANG; source bin/lib.sh; echo $LC_ALL $LANG"
    expect(bare("env", "LC_ALL=C.UTF-8", "bash", "-c", kept).first).to eq("C.UTF-8 en_US\n")
    expect(bare("env", "LANG=C.UTF-8", "bash", "-c", "source bin/lib.sh; echo $LC_ALL").first).to eq("\n")
  end

  it "reads text as UTF-8 in rake's tasks and in what they start" do
    program = <<~'RUBY'
      Rake.application.init("rake", [])
      Rake.application.load_rakefile
      puts Encoding.default_external, IO.popen("printf '\303\251'", &:read).encoding
      system(RbConfig.ruby, "-e", "puts Encoding.default_external")
    RUBY
    [%w[ruby], %w[env LC_ALL=C ruby]].each do |ruby|
      expect(bare(*ruby, "-rrake", "-e", program).first).to eq("UTF-8\n" * 3)
    end
  end

  it "runs tasks of rake that read source files, and what cargo says where there is one" do
    cargo = system("command -v cargo", out: File::NULL)
    output, status = bare("ruby", "-S", "rake", "layers", *(%w[licenses deny] if cargo))
    expect(status).to be_success, output
  end

  it "knows every task of rake, and what each depends on" do
    output, status = bare("ruby", "-S", "rake", "--all", "--prereqs")
    expect(status).to be_success, output
    expect(output.lines(chomp: true)).to include("rake native:all", "rake platforms:clean", "rake rubies")
  end

  it "loads every spec" do
    # Applications that run on the gem are Debian's, for Debian's Ruby.
    debians = File.identical?("/usr/bin/ruby", RbConfig.ruby)
    options = debians ? [] : ["--exclude-pattern", "spec/external/**/*_spec.rb"]
    output, status = bare("ruby", "-S", "rspec", "--no-color", "--dry-run", *options)
    expect(status).to be_success, output
    expect(output[/^(\d+) examples, 0 failures/, 1].to_i).to be > 2000
  end

  it "loads the library and the description of the gem" do
    program = <<~RUBY
      require "eventmachine"
      EventMachine.run { EventMachine.next_tick { EventMachine.stop } }
      print EventMachine::VERSION, Gem::Specification.load("eventmachine.gemspec").files.size > 50
    RUBY
    output, = bare("ruby", "-Ilib", "-e", program)
    expect(output).to eq("#{EventMachine::VERSION}true")
  end

  it "has every file of text read with its encoding named" do
    patterns = %w[{spec,rakelib,lib,bench,docs,examples}/**/*.{rb,rake} Rakefile bench/guard *.gemspec]
    files = Dir.glob(patterns, base: root).map { |file| File.join(root, file) }
    unnamed = files.flat_map do |file|
      lines = File.readlines(file, encoding: "UTF-8").grep(/\b(?:File|IO)\.(?:read|readlines|foreach)\(/)
      lines.grep_v(/encoding: ["']UTF-8|\A\s*#|grep/).map { |line| "#{file}: #{line.strip}" }
    end
    expect(files.size).to be > 200
    expect(unnamed).to be_empty
  end
end
