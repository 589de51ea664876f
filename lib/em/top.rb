# frozen_string_literal: true

require_relative "top/scrape"
require_relative "top/reading"
require_relative "top/page"
require_relative "top/terminal"
require_relative "top/command"
