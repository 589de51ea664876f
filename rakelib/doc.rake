# frozen_string_literal: true

require "open3"

# YARD must have no warnings, and nothing left undocumented.
module Documentation
  HOW_TO_GET_IT = "rake doc needs yard: gem install yard, or on Debian apt-get install yard"

  def self.run(*command)
    output, status = Open3.capture2e("yard", *command)
    puts output
    abort "yard failed" unless status.success?
    abort "yard has warnings" if output.match?(/^\[(warn|error)\]/)
    output
  rescue Errno::ENOENT
    abort HOW_TO_GET_IT
  end
end

desc "Write the documentation of the Ruby API into doc/, if all of it is documented"
task :doc do
  statistics = Documentation.run("stats", "--list-undoc")
  abort "something is not documented" unless statistics.include?("100.00% documented")
  Documentation.run("doc", "--quiet", "--output-dir", "doc")
end
