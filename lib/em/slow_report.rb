# frozen_string_literal: true

module EventMachine
  # A callback that took long, and that nothing else ran beside: see {EventMachine.on_slow}.
  class SlowReport
    # What the loop defines for handlers that are modules.
    GENERATED = /::EM_CONNECTION_CLASS\z/
    # Methods of connections that are called for a kind of another name.
    METHODS = { accept: :post_init, file_changed: :file_modified }.freeze
    private_constant :GENERATED, :METHODS

    # @return [Symbol] what was called: `:timer` (also the block of {EventMachine.run}), `:next_tick`, `:defer` (the
    #   callback of a result), `:fiber`, `:accept` (`initialize`, `post_init` and the server's block), `:before_wait`,
    #   `:after_wait`, `:on_idle`, `:name_resolved`, or a method of a connection, such as `:receive_data` and `:unbind`
    attr_reader :kind
    # @return [Object, nil] the connection; for a timer what it calls, or the {PeriodicTimer}; what `next_tick` was
    #   given; the {Task}
    attr_reader :object
    # @return [Float] how long it took
    attr_reader :seconds

    # @param kind [Symbol]
    # @param object [Object, nil]
    # @param seconds [Float]
    def initialize(kind, object, seconds)
      @kind = kind
      @object = object
      @seconds = seconds
      freeze
    end

    # @return [String] the class of a connection, the name of a task, otherwise the {#location}
    def name
      case @object
      when Connection then class_name
      when Task then @object.name || "task"
      else location || (@object ? @object.class.to_s : "loop")
      end
    end

    # @return [String, nil] file and line of the code that was called, if it can be told
    def location
      code&.source_location&.join(":")
    end

    # @return [String] such as "receive_data of Chat took 250 ms (chat.rb:12)"
    def to_s
      place = location
      place = nil if place == name
      format("%s of %s took %d ms%s", @kind, name, @seconds * 1000, place && " (#{place})")
    end

    private

    def class_name
      klass = @object.class
      (klass.name || klass.superclass.name).to_s.sub(GENERATED, "")
    end

    # What was called, if it can say where it is.
    def code
      case @object
      when Connection then method_of_connection
      when PeriodicTimer then @object.instance_variable_get(:@code)
      when Task then @object.__send__(:body)
      else @object
      end.then { |code| callable(code) }
    end

    def callable(code)
      return code if code.respond_to?(:source_location)

      code.method(:call) if code.respond_to?(:call)
    end

    def method_of_connection
      name = METHODS.fetch(@kind, @kind)
      @object.original_method(name) if @object.respond_to?(name, true)
    end
  end
end
