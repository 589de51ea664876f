# frozen_string_literal: true

require "shellwords"
require_relative "deferrable"

module EventMachine
  class << self
    # Starts a child process. Its output comes by {Connection#receive_data}, what is given to
    # {Connection#send_data} is its input, and {Connection#unbind} tells that it has ended:
    # {Connection#get_status} says how. Standard error and the environment are those of this process. No shell
    # is involved.
    #
    # @example
    #   EventMachine.popen("tail -f '/var/log/my log'", Handler)
    #   EventMachine.popen(["tail", "-f", "/var/log/my log"], Handler)
    # @param cmd [String, Array<String>] the program and its arguments; a String is split as a shell does,
    #   with quotes, but without expansions
    # @param handler [Class, Module, nil] as {connect}
    # @param args given to the handler's `initialize`
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ArgumentError] when a quote is not closed or a word has a NUL byte
    # @raise [RuntimeError] when the reactor is not running, there is no word at all, or there are 2,047 words
    #   or more
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def popen(cmd, handler = nil, *args, &block)
      klass = klass_from_handler(Connection, handler, *args)
      words = cmd.is_a?(String) ? Shellwords.shellwords(cmd) : cmd
      # The program, and what it is told that it was called by.
      argv = words.empty? ? [] : [words.first, *words]
      make(klass, args, -> { invoke_popen(argv) }, &block)
    end
    ruby2_keywords :popen

    # Runs a command and calls back with all its output.
    #
    # @example
    #   EventMachine.system("ls -l") { |output, status| puts output if status.success? }
    #   talk = proc { |process| process.send_data("exit 3\n") }
    #   EventMachine.system("sh", talk) { |_, status| puts status.exitstatus }
    # @overload system(cmd, *args, init = nil, callback = nil, &block)
    #   @param cmd [String, Array<String>] as {popen}; where there are arguments, the program alone
    #   @param args [Array<String>] arguments
    #   @param init [#call, nil] called at once with the {Connection} to the process
    #   @param callback [#call, nil] called with the output and the Process::Status; the block, where nil
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

    def callable_or_nil?(argument)
      argument.nil? || argument.respond_to?(:call)
    end
  end

  # A child process whose output is the result of a {Deferrable}.
  #
  # @example
  #   process = EventMachine::DeferrableChildProcess.open("ls -l")
  #   process.callback { |output| puts output }
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

    # Keeps the output.
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

  # What {EventMachine.system} makes of a process.
  class SystemCmd < Connection
    # @param callback [#call, nil] called with the output and the Process::Status
    def initialize(callback)
      super
      @callback = callback
      @output = []
    end

    # Keeps the output.
    #
    # @param data [String]
    # @return [void]
    def receive_data(data)
      @output << data
    end

    # Makes the call.
    #
    # @return [void]
    def unbind
      @callback&.call(@output.join, get_status)
    end
  end
end
