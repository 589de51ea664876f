# frozen_string_literal: true

Bench.server(:churn, "connection accepted and closed", operations: 10_000, load: %w[churn], source: <<~RUBY)
  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0)) }
RUBY
