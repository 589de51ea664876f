# frozen_string_literal: true

require "shellwords"
require_relative "deferrable"

module EventMachine
  class << self
    # Starts a child process. {Connection#receive_data} is called with its output, and {Connection#send_data}
    # writes to its input. When it has exited, {Connection#unbind} is called; {Connection#get_status} returns its
    # status. It inherits standard error and the environment. No shell is involved.
    #
    # @example Two ways to pass a word with a space
    #   EventMachine.popen("grep --count 'not found' access.log", Counter)
    #   EventMachine.popen(["grep", "--count", "not found", "access.log"], Counter)
    # @param cmd [String, Array<String>] the program and its arguments; a String is split as a shell does,
    #   with quotes, but without expansions
    # @param handler [Class, Module, nil] as {connect}
    # @param args given to the handler's `initialize`
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError] if a quote is not closed or a word has a NUL byte
    # @raise [RuntimeError] when no reactor runs, if there is no word, or if there are 2,047 words or more
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def popen(cmd, handler = nil, *args)
      klass = handler_class(Connection, handler, args)
      words = cmd.is_a?(String) ? split_command(cmd) : cmd
      # The program, and its name as argv[0].
      argv = words.empty? ? [] : [words.first, *words]
      hold_events do
        connection = register(klass, invoke_popen(argv), args)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :popen

    # Runs a command, and calls back with its output.
    #
    # @example
    #   EventMachine.system("git", "rev-parse", "HEAD") do |output, status|
    #     deploy(output.chomp) if status.success?
    #   end
    # @example With input
    #   feed = proc { |process| process.send_data("2 ^ 100\nquit\n") }
    #   EventMachine.system("bc", feed) { |output, _| puts output }
    # @overload system(cmd, *args, init = nil, callback = nil, &block)
    #   @param cmd [String, Array<String>] as {popen}; with further arguments, only the program
    #   @param args [Array<String>] arguments
    #   @param init [#call, nil] called at once with the {Connection} of the process
    #   @param callback [#call, nil] called with the output and the Process::Status; the block, if nil
    # @return [Integer] the process id
    # @raise [ArgumentError, RuntimeError, TypeError] as {popen}
    def system(cmd, *args, &block)
      callback = block
      callback ||= args.pop if callable_or_nil?(args.last)
      init = args.pop if callable_or_nil?(args.last)
      cmd = [cmd, *args] unless args.empty?
      popen(cmd, SystemCmd, callback) { |process| init&.call(process) }.get_pid
    end

    private

    # Not every Ruby names the command.
    def split_command(command)
      Shellwords.shellwords(command)
    rescue ArgumentError => e
      raise e.message.include?(command) ? e : ArgumentError.new("#{e.message} in #{command.inspect}")
    end

    def callable_or_nil?(argument)
      argument.nil? || argument.respond_to?(:call)
    end
  end

  # A child process whose output is the result of a {Deferrable}.
  #
  # @example
  #   checksum = EventMachine::DeferrableChildProcess.open("sha256sum backup.tar")
  #   checksum.callback { |output| store(output[/\h+/]) }
  class DeferrableChildProcess < Connection
    include Deferrable

    # @param cmd [String, Array<String>] as {EventMachine.popen}
    # @return [DeferrableChildProcess]
    # @raise [ArgumentError, RuntimeError, TypeError] as {EventMachine.popen}
    def self.open(cmd)
      EventMachine.popen(cmd, self)
    end

    def initialize
      super
      @data = []
    end

    # Collects the output.
    #
    # @param data [String]
    # @return [void]
    def receive_data(data)
      @data << data
    end

    # Succeeds with the output, whatever the process's exit status.
    #
    # @return [void]
    def unbind
      succeed(@data.join)
    end
  end

  # The connection of a process started by {EventMachine.system}.
  class SystemCmd < Connection
    # @param callback [#call, nil] called with the output and the Process::Status
    def initialize(callback)
      super
      @callback = callback
      @output = []
    end

    # Collects the output.
    #
    # @param data [String]
    # @return [void]
    def receive_data(data)
      @output << data
    end

    # Calls the callback.
    #
    # @return [void]
    def unbind
      @callback&.call(@output.join, get_status)
    end
  end
end
