# frozen_string_literal: true

module Bench
  # A document in Markdown, of which a part is rendered from results.
  class Document
    BEGINNING = "<!-- results: rendered by bench/report.rb -->"
    ENDING = "<!-- end of results -->"

    def initialize(text)
      @text = text
    end

    # @return [String] the document with another part between the marks
    # @raise [ArgumentError] where they are missing
    def with(part)
      before, beginning, rest = @text.partition(BEGINNING)
      _, ending, after = rest.partition(ENDING)
      raise ArgumentError, "the marks for the results are missing" if beginning.empty? || ending.empty?

      "#{before}#{BEGINNING}\n\n#{part}\n\n#{ENDING}#{after}"
    end
  end
end
