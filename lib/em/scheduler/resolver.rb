# frozen_string_literal: true

module EventMachine
  class Scheduler
    # Looks host names up in threads, which wait for more once they are there. They go with the process that
    # made them: a forked child makes its own.
    class Resolver
      THREADS = 2
      private_constant :THREADS

      def initialize
        @questions = Thread::Queue.new
        @threads = []
      end

      # @param host [String]
      # @return [Array<String>] its addresses
      # @raise [SocketError] when it has none
      def call(host)
        answer = Thread::Queue.new
        start
        @questions << [host, answer]
        addresses, error = answer.pop
        raise error if error

        addresses
      end

      private

      def start
        @threads.select!(&:alive?)
        @threads << Thread.new { work } while @threads.size < THREADS
      end

      def work
        while (host, answer = @questions.pop)
          answer << look_up(host)
        end
      end

      def look_up(host)
        [Addrinfo.getaddrinfo(host, nil).map(&:ip_address).uniq, nil]
      rescue StandardError => error
        [nil, error]
      end
    end
    RESOLVER = Resolver.new
    private_constant :Resolver, :RESOLVER
  end
end
