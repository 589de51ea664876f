# frozen_string_literal: true

module Bench
  # Raised where something that is measured does not do its work.
  class Failed < StandardError
    # Tells of failures during the block whose they were, unless that is known.
    def self.blame(subject)
      yield
    rescue Failed => error
      error.subject ||= subject
      raise
    end

    # @return [Implementation, Rival, nil] what failed
    attr_accessor :subject

    def message
      subject ? "#{subject.name} failed: #{super}" : super
    end
  end
end
