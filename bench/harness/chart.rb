# frozen_string_literal: true

require "cgi"

module Bench
  # A picture of the ratios of all lines, in SVG: bars from 1, to the left where this gem is cheaper. The
  # scale is logarithmic, so that half and double are as far from 1.
  class Chart
    TITLE = "Cost relative to Debian's ruby-eventmachine with epoll (less is better)"
    WIDTH = 900
    LEFT = 340
    RIGHT = 70
    TOP = 70
    ROW = 20
    BAR = 13
    CAPTION = 64
    TICKS = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5].freeze

    # Colours that are readable on white and on black alike, but for text and lines.
    STYLE = <<~CSS
      text { font: 12px system-ui, sans-serif; fill: #24292f; }
      .title { font-size: 15px; font-weight: 600; }
      .small { font-size: 11px; fill: #57606a; }
      .grid { stroke: #d0d7de; } .one { stroke: #57606a; }
      .cheaper { fill: #2f81f7; } .dearer { fill: #d4552d; } .spread { stroke: #8b949e; stroke-width: 2; }
      @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; } .small { fill: #9aa4ae; } .grid { stroke: #30363d; } .one { stroke: #9aa4ae; }
      }
    CSS

    # @param recording [Recording]
    # @param command [String] what was run
    def initialize(recording, command:)
      @recording = recording
      @command = command
      @rows = recording.results.map { |result| [result.title, *result.ratio] }
    end

    def to_s
      <<~SVG
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 #{WIDTH} #{height}" role="img">
        <title>#{CGI.escapeHTML(TITLE)}</title>
        <style>
        #{STYLE.chomp}
        </style>
        #{[heading, grid, bars, caption].flatten.join("\n")}
        </svg>
      SVG
    end

    # @return [Float] where a ratio is drawn
    def place(ratio)
      least, most = bounds.map { |bound| Math.log(bound) }
      part = (Math.log(ratio) - least) / (most - least)
      (LEFT + part.clamp(0, 1) * (WIDTH - LEFT - RIGHT)).round(1)
    end

    private

    # The scale reaches to the ticks around all ratios, and holds 1.
    def bounds
      @bounds ||= begin
        least, most = @rows.map { |row| row[1] }.minmax
        [TICKS.reverse.find { |tick| tick <= [least, 0.7].min } || TICKS.first,
         TICKS.find { |tick| tick >= [most, 1.5].max } || TICKS.last]
      end
    end

    def bottom
      TOP + @rows.size * ROW
    end

    def height
      bottom + CAPTION
    end

    def heading
      text(16, 26, TITLE, "title")
    end

    def grid
      TICKS.select { |tick| tick.between?(*bounds) }.map do |tick|
        where = place(tick)
        style = tick == 1 ? "one" : "grid"
        [%(<line class="#{style}" x1="#{where}" y1="#{TOP - 8}" x2="#{where}" y2="#{bottom}"/>),
         text(where, TOP - 14, tick.to_s, "small", "middle")]
      end
    end

    def bars
      @rows.each_with_index.map do |(title, ratio, least, most), index|
        top = TOP + index * ROW
        [text(LEFT - 10, top + 11, title, nil, "end"), bar(ratio, top), spread(least, most, top),
         text(WIDTH - RIGHT + 12, top + 11, format("%.2f", ratio))]
      end
    end

    def bar(ratio, top)
      from, to = [place(ratio), place(1)].minmax
      style = ratio > 1 ? "dearer" : "cheaper"
      %(<rect class="#{style}" x="#{from}" y="#{top}" width="#{(to - from).round(1)}" height="#{BAR}"/>)
    end

    def spread(least, most, top)
      middle = top + BAR / 2.0
      %(<line class="spread" x1="#{place(least)}" y1="#{middle}" x2="#{place(most)}" y2="#{middle}"/>)
    end

    def caption
      what = "Bars: median of the rounds; grey: least and largest. CPU time of user and system; memory " \
             "where it says idle. #{@recording.date}, #{@command}"
      lines = [what, @recording.machine, @recording.versions.first(2).join(" against ")]
      lines.each_with_index.map { |line, index| text(16, bottom + 20 + index * 16, line, "small") }
    end

    def text(left, top, content, style = nil, anchor = nil)
      attributes = { x: left, y: top, class: style, "text-anchor": anchor }.compact
      told = attributes.map { |name, value| %( #{name}="#{value}") }.join
      "<text#{told}>#{CGI.escapeHTML(content)}</text>"
    end
  end
end
