# frozen_string_literal: true

module EventMachine
  class << self
    # Describes the library that is loaded, for bug reports, and to check that an application uses this one.
    #
    # @example From a shell
    #   ruby -reventmachine -e "pp EventMachine.library_info"
    # @return [Hash{Symbol => String, nil}] `:implementation`; `:version` of the gem; `:ruby`, version and
    #   platform; `:library`, path of the native library; `:tls`, the TLS library, its version and its
    #   cryptography library, nil if TLS is not built in; `:poller`, such as "epoll"
    def library_info
      {
        implementation: "em-reactor (Rust)",
        version: VERSION,
        ruby: "#{RUBY_ENGINE} #{RUBY_VERSION} (#{RUBY_PLATFORM})",
        library: native_library,
        tls: (OPENSSL_LIBRARY_VERSION if ssl?),
        poller: poller_name
      }
    end

    private

    def native_library
      $LOADED_FEATURES.reverse.find { |path| path.match?(%r{/eventmachine\.(so|bundle|dll)\z}) }
    end

    def poller_name
      return "epoll" if epoll?

      return "kqueue" if kqueue?

      Gem.win_platform? ? "iocp" : "poll"
    end
  end
end
