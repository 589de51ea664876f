# frozen_string_literal: true

require_relative "line"

# All lines, in the order of the tables.
%w[echo requests sockets churn bulk proxy files popen next_tick threads timers thin tls tls_sides memory
   start fibers].each { |name| require_relative "../lines/#{name}" }
