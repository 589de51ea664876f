# frozen_string_literal: true

require "did_you_mean"

module EventMachine
  module Debug
    # Looks for methods of handlers whose names are misspelt, such as `recieve_data`. The loop would never
    # call them.
    module Handlers
      # What the loop calls.
      CALLBACKS = %i[
        post_init connection_completed receive_data unbind ssl_handshake_completed ssl_verify_peer
        ssl_certificate_for proxy_target_unbound proxy_completed notify_readable notify_writable
        notify_priority receive_eof receive_error receive_io outbound_full outbound_drained
      ].freeze

      # What protocols call, by its beginning.
      PROTOCOLS = /\Areceive_|\A(?:file|process)_[a-z_]+ed\z/

      @checked = {}.compare_by_identity

      class << self
        # Logs what looks wrong about the class of a connection, when it is used for the first time.
        #
        # @param klass [Class]
        # @return [void]
        def check(klass)
          return if @checked[klass]

          @checked[klass] = true
          own = own_methods(klass)
          callbacks = callbacks_of(klass)
          report_misspelt(klass, (own - callbacks).sort, callbacks)
          report_deaf(klass) if klass != Connection && inherits_all?(klass)
        end

        private

        # Methods that the application defines, in the class or in modules and classes it consists of.
        def own_methods(klass)
          klass.ancestors.take_while { |part| part != Connection }.reject { |part| ours?(part) }
               .flat_map { |part| part.instance_methods(false) + part.private_instance_methods(false) }.uniq
        end

        def callbacks_of(klass)
          klass.ancestors.select { |part| ours?(part) }
               .flat_map { |part| part.instance_methods(false).grep(PROTOCOLS) }.union(CALLBACKS)
        end

        def ours?(part)
          part.name.to_s.start_with?("EventMachine::")
        end

        def report_misspelt(klass, names, callbacks)
          dictionary = DidYouMean::SpellChecker.new(dictionary: callbacks)
          names.each do |name|
            similar = dictionary.correct(name).first
            Debug.log("#{klass} defines #{name}, which is never called. Did you mean #{similar}?") if similar
          end
        end

        def inherits_all?(klass)
          CALLBACKS.all? do |name|
            !(klass.method_defined?(name) || klass.private_method_defined?(name)) ||
              klass.instance_method(name).owner == Connection
          end
        end

        def report_deaf(klass)
          Debug.log("#{klass} overrides none of the callbacks, such as receive_data and unbind")
        end
      end
    end
  end
end
