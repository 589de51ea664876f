# frozen_string_literal: true

# What of the specs does not pass on Windows, or by wine, and why that is no fault.
module LeftOut
  # Files that are not loaded, by reason.
  FILES = {
    "Ruby is built without openssl there" => %w[spec/integration/tls/*_spec.rb],
    "they want servers, which are programs of Unix" => %w[spec/integration/protocols/*_spec.rb],
    "they take minutes by wine" => %w[spec/integration/interruptions_spec.rb],
    "Ruby has no fork there" => %w[
      spec/integration/fork_spec.rb spec/integration/fork_descriptors_spec.rb spec/unit/loading_spec.rb
    ],
    "Ruby has no Unix sockets there" => %w[
      spec/integration/order_spec.rb spec/integration/passing_spec.rb spec/integration/serve_metrics_spec.rb
      spec/integration/top_spec.rb
    ],
    "Ruby has no clock for a thread's time there" => %w[spec/integration/gvl_spec.rb],
    "Windows has no terminals, other users and groups, or such signals" => %w[
      spec/integration/interrupt_spec.rb spec/integration/keyboard_spec.rb spec/integration/user_spec.rb
      spec/unit/em/signal_watch_spec.rb
    ],
    "the library watches no files, and attaches nothing but sockets there" => %w[
      spec/integration/file_watch_spec.rb spec/unit/em/directory_watch_spec.rb spec/unit/em/watch_spec.rb
    ]
  }.freeze

  # By what an error says.
  ERRORS = {
    "the library does not support it there" => /is not supported on this platform|has no SO_REUSEPORT/,
    "Ruby has no fork, mkfifo or Unix sockets there" =>
      /\A(?:NotImplementedError|Errno::EAFNOSUPPORT: .*socket|ArgumentError: string contains null byte)/,
    "Ruby has no such constants or signals there" =>
      /uninitialized constant Fcntl::F_GETFL|no signal to watch: "USR|unsupported signal|wrong exec option symbol/,
    "Ruby is built without openssl there" => /uninitialized constant \S*OpenSSL/,
    "there are no programs of Unix" => %r{
      program\ not\ found\ -\ CreateProcess\ for\ (?:cat|echo|false|head|printf|sh|true)
      | No\ such\ file\ or\ directory\ -\ (?:true|read\ line) | Path\ not\ found\.\ -\ CreateProcess
    }x,
    "/proc is not this system's" => %r{ - /proc/}
  }.freeze

  # By the beginning of a path and a description.
  EXAMPLES = {}.freeze

  module_function

  # @param example [RSpec::Core::Example] one that failed
  # @return [String, nil]
  def reason(example)
    error = example.exception
    by_error("#{error.class}: #{error.message}") || by_name("#{example.file_path} #{example.full_description}")
  end

  def by_error(text)
    ERRORS.find { |_, pattern| pattern.match?(text) }&.first
  end

  def by_name(text)
    EXAMPLES.find { |_, names| names.any? { |name| text.delete_prefix("./spec/").start_with?(name) } }&.first
  end
end
