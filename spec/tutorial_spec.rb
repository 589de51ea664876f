# frozen_string_literal: true

require "open3"
require "tmpdir"

# Runs the steps of docs/getting_started.md, and compares the sessions shown there with what happens.
RSpec.describe "The tutorial", time_limit: 30 do
  root = File.expand_path("..", __dir__)
  text = File.read(File.join(root, "docs", "getting_started.md"), encoding: "UTF-8")
  block = Struct.new(:language, :text)

  blocks = lambda do |part|
    part.scan(/^```(\w+)\n(.*?)^```$/m).map { |language, body| block.new(language, body) }
  end
  sections = text.split(/^## /).to_h { |section| [section.lines.first.chomp, section] }
  let(:client_program) { blocks.call(sections.fetch("A client")).first.text }
  steps = sections.select { |title, _| title.start_with?("Step") }.transform_values(&blocks)

  # Step 5 shows only what changes in the program of step 4.
  changed = lambda do |program, (members, ending)|
    constant, *methods = members.split(/\n(?=  def )/)
    program = program.sub("LineText2\n") { |line| "#{line}\n#{constant.rstrip}\n" }
    methods.each do |method|
      program = program.sub(/^  def #{method[/def (\w+)/, 1]}\b.*?^  end\n/m) { "#{method.rstrip}\n" }
    end
    program.sub(/^EventMachine\.run do.*/m) { ending }
  end

  programs = lambda do |found|
    found.select { |part| part.language == "ruby" }.map(&:text)
  end

  before do
    @directory = Dir.mktmpdir
    @port = free_port
    @started = []
  end

  after do
    @started.each do |input, output, process|
      signal(:KILL, process)
      [input, output].each(&:close)
    end
    FileUtils.rm_r(@directory)
  end

  def start(name, program, env = {})
    path = File.join(@directory, name)
    File.write(path, program.gsub(/10_?000/, @port.to_s))
    command = [RbConfig.ruby, "-W", "-I", ProcessHelper::LIBRARY, "-e", "$stdout.sync = true; load ARGV.shift", path]
    Open3.popen2e(env, *command, chdir: @directory).tap { |started| @started << started }
  end

  # Types the lines that are marked, and expects the others.
  def replay((input, output), lines)
    lines.each do |line|
      if line.start_with?("> ")
        input.write(line.delete_prefix("> "))
      else
        expect(output.gets).to eq(line)
      end
    end
  end

  # A process may end at any time.
  def signal(name, process)
    Process.kill(name, process.pid)
  rescue Errno::ESRCH
    nil
  end

  # @return [String] what a process writes until it ends
  def rest_of((input, output, _))
    input.close
    output.read
  end

  # Starts the server and its clients as the sessions of a step say, and then interrupts the server, unless
  # the block has done so: a second signal would find Ruby's own handlers while the process ends.
  #
  # @yield before what the first client shows later, with the server's process
  # @return [String] what the server writes after what the step shows
  def run_step(program, sessions)
    of_server, others = sessions.partition { |session| session.text.match?(/^\$ .*ruby chat\.rb$/) }
    command, *prints = of_server.fetch(0).text.lines
    server = start("chat.rb", program, command.scan(/(\w+)=(\S+)/).to_h)
    expect(server[1].gets).to eq(prints.shift.sub("10000", @port.to_s))
    people = []
    others.each do |session|
      if session.language == "console"
        people << join(session.text.lines)
      else
        yield server[2] if block_given?
        replay(people.first, session.text.lines)
      end
    end
    people.each { |person| rest_of(person) }
    prints.each { |line| expect(server[1].gets).to eq(line) }
    signal(:INT, server[2]) unless block_given?
    rest_of(server)
  end

  # @return [Array] the client that was started
  def join(lines)
    expect(lines.first).to eq("$ ruby client.rb\n")
    before = connections_to_server
    client = start("client.rb", client_program)
    wait_until { connections_to_server > before }
    replay(client, lines.drop(1))
    client
  end

  # Step 3 shows nothing when a client has joined, so the kernel is asked.
  def connections_to_server
    File.readlines("/proc/net/tcp", encoding: "UTF-8").count do |line|
      fields = line.split
      fields[1]&.end_with?(format(":%04X", @port)) && fields[3] == "01"
    end
  end

  complete = steps.transform_values { |found| programs[found].first }
  fourth, fifth, sixth = steps.keys.last(3)
  complete[fifth] = changed.call(complete[fourth], programs[steps[fifth]])

  steps.each do |title, found|
    sessions = found.reject { |part| part.language == "ruby" }

    if title == sixth
      it "goes as it says in #{title}" do
        rest = run_step(complete[title], sessions) { |server| signal(:INT, server) }
        expect(rest).to be_empty
        expect(@started.first[2].value).to be_success
      end
    else
      it "goes as it says in #{title}" do
        expect(run_step(complete[title], sessions)).to include("Interrupt")
      end
    end
  end

  it "has six steps, the last of which is the example" do
    expect(steps.size).to eq(6)
    example = File.read(File.join(root, "examples", "chat_server.rb"), encoding: "UTF-8")
    expect(example.sub(/\A.*?^(?=require)/m, "")).to eq(complete[sixth])
  end

  it "changes in step 5 what step 6 shows as a whole" do
    until_run = /\A.*?^EventMachine\.run/m
    expect(complete[fifth][until_run]).to eq(complete[sixth][until_run])
  end
end
