# frozen_string_literal: true

module Bench
  # Lets this process, and whatever it starts, open as many descriptors as the lines take.
  module Descriptors
    WANTED = 20_000

    module_function

    def raise_limit
      soft, hard = Process.getrlimit(:NOFILE)
      Process.setrlimit(:NOFILE, WANTED, [hard, WANTED].max) if soft < WANTED
    rescue Errno::EPERM
      abort "this takes #{WANTED} descriptors, and the limit is #{hard}: raise it (ulimit -Hn) or run as root"
    end
  end
end
