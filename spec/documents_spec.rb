# frozen_string_literal: true

require "open3"
require "tmpdir"

# Checks the documents: their programs run, their links work, their commands and files exist.
RSpec.describe "The documents", time_limit: 30 do
  root = File.expand_path("..", __dir__)
  documents = Dir.glob("{*.md,docs/**/*.md}", base: root).sort

  # A fenced block of text in one language.
  block = Struct.new(:language, :line, :text)

  blocks = lambda do |text|
    found = []
    text.scan(/^( *)```(\w*)\n(.*?)^\1```$/m) do |indent, language, body|
      found << block.new(language, $~.pre_match.count("\n") + 2, body.gsub(/^#{indent}/, ""))
    end
    found
  end

  # Anchors of the headings.
  slugs = lambda do |text|
    text.scan(/^#+ (.+)$/).flatten.map { |heading| heading.downcase.gsub(/[^\w\- ]/, "").tr(" ", "-") }
  end

  # @return [Array(String, Process::Status)]
  def run_program(program)
    prelude = File.join(__dir__, "documents", "prelude.rb")
    Open3.capture2e(RbConfig.ruby, "-w", "-I", ProcessHelper::LIBRARY, "-r", prelude, stdin_data: program)
  end

  # @return [Hash{String => Integer}] the functions that docs/native describes, and how many arguments each takes
  def described_functions
    program = <<~'RUBY'
      module EventMachine; end
      Dir["docs/native/*.rb"].each { |path| load path }
      EventMachine.singleton_methods(false).each { |name| puts "#{name} #{EventMachine.method(name).arity}" }
    RUBY
    output, status = Open3.capture2e(RbConfig.ruby, "-w", "-e", program, chdir: File.dirname(__dir__))
    expect(status).to be_success, output
    output.lines.to_h(&:split).transform_values(&:to_i)
  end

  documents.each do |document|
    text = File.read(File.join(root, document), encoding: "UTF-8")

    blocks.call(text).each do |found|
      program = found.text.include?("EventMachine.run") && found.text.include?("require ")

      if found.language == "ruby" && program
        it "have a program in line #{found.line} of #{document} that runs" do
          output, status = run_program(found.text)
          expect(output).not_to include("warning:")
          expect(status).to be_success, output
        end
      elsif found.language == "ruby"
        it "have Ruby in line #{found.line} of #{document}" do
          expect { RubyVM::InstructionSequence.compile(found.text) }.not_to raise_error
        end
      elsif found.language == "sh"
        it "have commands in line #{found.line} of #{document} that work" do
          environment = { "RUBYLIB" => ProcessHelper::LIBRARY }
          output, status = Open3.capture2e(environment, "bash", "-euc", found.text)
          expect(status).to be_success, output
        end
      end
    end

    prose = text.gsub(/^( *)```.*?^\1```$/m, "")
    prose.scan(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/).flatten.compact.uniq.each do |link|
      next if link.match?(/\A[a-z]+:/)

      it "have a link in #{document} to #{link} that leads there" do
        path, anchor = link.split("#", 2)
        target = path.empty? ? document : File.join(File.dirname(document), path)
        target = File.expand_path(target, root)
        expect(File).to exist(target)
        expect(slugs.call(File.read(target, encoding: "UTF-8"))).to include(anchor) if anchor
      end
    end

    it "name no task in #{document} that rake does not have" do
      known = Open3.capture2e("rake", "--all", "--tasks", chdir: root).first.scan(/^rake ([\w:]+)/).flatten
      expect(known).not_to be_empty
      named = text.scan(/(?<=^\$ |`)rake ([a-z][\w:]*)/).flatten.uniq
      expect(named - known).to be_empty
    end

    it "name no file in #{document} that does not exist" do
      named = text.scan(%r{`((?:ext|lib|spec|bench|docs|bin|rakelib|examples|\.github)/[\w./-]*)`}).flatten.uniq
      missing = named.reject { |path| path.end_with?(".so") || File.exist?(File.join(root, path)) }
      expect(missing).to be_empty
    end

    it "name no program in #{document} that is not in bin/" do
      named = text.scan(%r{(?<![\w/.])bin/[a-z]+}).uniq
      expect(named.reject { |path| File.exist?(File.join(root, path)) }).to be_empty
    end
  end

  it "tell of the programs that are there" do
    expect(documents).to include("README.md", "SECURITY.md", "CHANGELOG.md", "docs/getting_started.md")
  end

  it "describe every public module, class, method and constant", time_limit: 120 do
    output, status = Open3.capture2e("yard", "stats", "--list-undoc", "--no-save", "--no-cache", chdir: root)
    expect(status).to be_success, output
    expect(output).to include("100.00% documented"), output
    expect(output).not_to match(/^\[(warn|error)\]/)
  end

  it "describe each function of the native library, with its arguments" do
    functions = EventMachine.singleton_methods(false).map { |name| EventMachine.method(name) }
    native = functions.select { |function| function.source_location.nil? }
    # Native functions do not tell how many of a variable number of arguments are required.
    described = described_functions.transform_values { |arity| [arity, -1].max }
    expect(described).to eq(native.to_h { |function| [function.name.to_s, function.arity] })
  end

  it "are what ri answers from, native methods included", time_limit: 120 do
    Dir.mktmpdir do |directory|
      specification = Gem::Specification.load(File.join(root, "eventmachine.gemspec"))
      sources = specification.require_paths + specification.extra_rdoc_files
      Open3.capture2e("rdoc", "--quiet", "--ri", "--op", "#{directory}/ri", *sources, chdir: root)
      answer, = Open3.capture2e("ri", "--no-pager", "-d", "#{directory}/ri", "EventMachine.add_timer")
      expect(answer).to include("add_timer(seconds = nil, callback = nil, &block)", "Calls something once")
    end
  end

  it "have a first program that echoes" do
    found = blocks.call(File.read(File.join(root, "README.md"), encoding: "UTF-8"))
    program = found.find { |part| part.text.include?("EventMachine.run") }
    output, = run_program(program.text)
    expect(program.text.lines.size).to be <= 15
    expect(output).to include("answer: hello\n")
  end
end
