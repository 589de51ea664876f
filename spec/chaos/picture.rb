# frozen_string_literal: true

# Draws how numbers went, one graph for each under the other, as SVG.
module Picture
  WIDTH = 720
  HEIGHT = 90
  MARGIN = 30

  module_function

  # @param rounds [Array<Hash{Symbol => Numeric}>] the same names in each
  # @return [String]
  def draw(rounds)
    names = rounds.first.keys
    graphs = names.each_with_index.map { |name, index| graph(name, rounds.map { |round| round[name] }, index) }
    height = names.size * (HEIGHT + MARGIN)
    <<~SVG
      <svg xmlns="http://www.w3.org/2000/svg" width="#{WIDTH}" height="#{height}" font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      #{graphs.join("\n")}
      </svg>
    SVG
  end

  # Each begins at zero, so that what seems to grow does.
  def graph(name, values, index)
    top = (index * (HEIGHT + MARGIN)) + 20
    highest = [values.max, 1].max.to_f
    step = WIDTH / [values.size - 1, 1].max.to_f
    points = values.each_with_index.map do |value, at|
      format("%.1f,%.1f", at * step, top + (HEIGHT * (1 - (value / highest))))
    end
    title = "#{name}: #{values.first} at first, #{values.last} in the end, #{values.max} at most"
    "<text y=\"#{top - 6}\">#{title}</text>\n<polyline fill=\"none\" stroke=\"#06c\" points=\"#{points.join(' ')}\"/>"
  end
end
