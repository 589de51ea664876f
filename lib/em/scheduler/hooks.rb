# frozen_string_literal: true

module EventMachine
  class Scheduler
    # Ruby tells a scheduler of an IO that is closed from 4.0 on only, and then only who waits for it.
    module ClosedIO
      # As IO#close. Fibers that wait for it get an IOError.
      def close
        EventMachine::Scheduler.__send__(:closing, fileno) unless closed?
        super
      end

      # As IO#reopen.
      def reopen(*arguments, **options)
        EventMachine::Scheduler.__send__(:reopening, fileno) unless closed?
        super
      end
    end
    private_constant :ClosedIO

    # Ruby asks a scheduler for IO.select from 3.2 on only.
    module Select
      # As IO.select.
      def select(*arguments)
        scheduler = ::Fiber.current_scheduler
        return super unless scheduler.is_a?(EventMachine::Scheduler)

        scheduler.io_select(*arguments)
      end
    end
    private_constant :Select

    # Ruby takes a scheduler from its thread before it asks that about its fibers.
    module Kept
      # As Fiber.set_scheduler.
      #
      # @raise [RuntimeError] when the thread's scheduler is that of fibers of {EventMachine.run}, which has not
      #   returned
      def set_scheduler(scheduler)
        EventMachine.__send__(:keep_scheduler)
        super
      end
    end
    private_constant :Kept

    class << self
      private

      # Has Ruby tell of what it does not tell by itself. Before the first scheduler nothing is changed.
      def install_hooks
        return if @hooks_installed

        @hooks_installed = true
        ::IO.prepend(ClosedIO)
        ::Fiber.singleton_class.prepend(Kept)
        ::IO.singleton_class.prepend(Select) if RUBY_VERSION < "3.2"
      end
    end
  end
end
