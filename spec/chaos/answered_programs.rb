# frozen_string_literal: true

require_relative "../support/process_helper"
require_relative "../support/name_space"

# Runs programs in a network and with a name server of their own (see NameSpace), each of which prints ok where all is
# as it should be.
class AnsweredPrograms
  include ProcessHelper
  include NameSpace

  # @param helpers [String] what each program begins with
  # @param programs [Hash{String => String}] by what they show
  # @param patience [Numeric] seconds that each may take
  def initialize(helpers, programs, patience)
    @helpers = helpers
    @programs = programs
    @patience = patience
  end

  # Ends with an error where one fails, or where the machine does not allow it.
  def run
    abort "Namespaces are not allowed here: nothing was tried." unless NameSpace.allowed?
    failed = @programs.reject { |name, program| holds?(name, program) }
    abort "#{failed.size} failed" unless failed.empty?
  end

  private

  attr_reader :patience

  def holds?(name, program)
    output = run_answered(@helpers + program)
    puts "#{output == "ok\n" ? 'ok' : "FAILED (#{output.strip})"}: #{name}"
    output == "ok\n"
  end
end
