# frozen_string_literal: true

# Renders what bench/run.rb recorded: the tables of docs/performance.md, and docs/performance.svg.
#
#   ruby bench/report.rb FILE.json [DIRECTORY]

require_relative "harness/recording"
require_relative "harness/tables"
require_relative "harness/chart"
require_relative "harness/document"

recording = Bench::Recording.read(ARGV.fetch(0))
directory = ARGV.fetch(1, File.expand_path("../docs", __dir__))
document = File.join(directory, "performance.md")
chart = Bench::Chart.new(recording, command: "rake bench")

text = File.read(document, encoding: "UTF-8")
File.write(document, Bench::Document.new(text).with(Bench::Tables.new(recording).to_s))
File.write(File.join(directory, "performance.svg"), chart.to_s)
