# frozen_string_literal: true

# Plays every scene of the table on the gem that is found, and writes what each of them told, as JSON.
#
#   ruby [-I lib] spec/integration/order/program.rb [--epoll] [PART OF A NAME]

require "json"
require_relative "scene"
require_relative "table"

EventMachine.epoll if ARGV.delete("--epoll")
part = ARGV.first.to_s
rows = Order.rows.select { |row| row.name.include?(part) }
puts JSON.generate(rows.to_h { |row| [row.name, Order::Scene.play(&row.scene)] })
