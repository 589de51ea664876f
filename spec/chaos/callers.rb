# frozen_string_literal: true

# Eight threads call every function of the surface at random, on a running loop, with GC.stress now and then and
# forks in between. Whatever is refused is an exception of the caller; the loop must go on.
#
#   SECONDS=60 SEED= ruby callers.rb      STRESS=1: new objects are collected at each allocation, all the time

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require "socket"
require "timeout"

# Calls functions at random.
class Callers
  THREADS = 8

  # They end the loop or the process, take over descriptors or signals of others, run for ever, or are Ruby's own.
  LEFT_OUT = %i[
    run run_machine run_machine_once run_machine_without_threads run_block stop stop_event_loop release_machine
    stop_gracefully cluster
    initialize_event_machine cleanup_machine event_callback run_deferred_callbacks fork_reactor set_effective_user
    setuid_string set_rlimit_nofile set_descriptor_table_size open_keyboard read_keyboard spawn_threadpool main fiber
    await gather race group offload shield tick_loop yield yield_and_notify spawn error_handler threadpool_size=
    epoll= kqueue= fiber_grace= threadpool attach_sd attach_server attach_fd attach_io detach_fd
    Callback klass_from_handler
    set_max_timers set_max_timer_count set_quantum set_timer_quantum heartbeat_interval= set_heartbeat_interval
    set_simultaneous_accept_count system popen invoke_popen add_shutdown_hook connect bind_connect
    connect_server bind_connect_server reconnect
  ].freeze

  FUNCTIONS = (EventMachine.singleton_methods(false) - Module.instance_methods - LEFT_OUT).sort.freeze
  METHODS = (EventMachine::Connection.public_instance_methods(false) -
             %i[receive_data unbind post_init signature= associate_callback_target reconnect detach]).sort.freeze

  # A connection that answers some times. Two of them talk with each other.
  class Talker < EventMachine::Connection
    ANSWERS = 50

    def receive_data(data)
      @answers = @answers.to_i + 1
      return close_connection_after_writing if @answers > ANSWERS

      send_data(data.byteslice(0, 100)) if data.bytesize < 1000
    end
  end

  # Collections of what is new: those of all there is, all the time, would leave no time to call.
  STRESS = ENV.key?("STRESS") && 0x01

  # Seconds that the loop may take for an answer, while much else runs.
  PATIENCE = 60

  def initialize(seed, seconds)
    @seed = seed
    @seconds = seconds
    @calls = Hash.new(0)
    @refused = Hash.new(0)
    @faults = []
  end

  # @return [Boolean] whether all went well
  def run
    EventMachine.error_handler { |error| judge(:callback, error) }
    GC.stress = STRESS
    EventMachine.run do
      @server = EventMachine.start_server("127.0.0.1", 0, Talker)
      @port = EventMachine.get_sockname(@server).unpack1("x2n")
      threads = Array.new(THREADS) { |number| Thread.new { work(Random.new(@seed + number)) } }
      Thread.new { threads.each(&:join) && EventMachine.next_tick { EventMachine.stop } }
      EventMachine.add_periodic_timer(0.01) { @ticks = @ticks.to_i + 1 }
    end
    GC.stress = false
    report
  end

  private

  def work(random)
    stop = now + @seconds
    while now < stop
      case random.rand(1000)
      when 0 then stressed { act(random) }
      when 1 then fork_once
      when 2..150 then open_something(random)
      when 151..160 then ask_loop
      else act(random)
      end
    end
  rescue Exception => e
    @faults << "a thread ended: #{e.full_message(highlight: false)}"
  end

  def act(random)
    connection = EventMachine.instance_variable_get(:@conns).values.sample(random: random)
    if connection && random.rand(2).zero?
      name = METHODS.sample(random: random)
      attempt("##{name}") { connection.public_send(name, *arguments(connection.method(name), random)) }
    else
      name = FUNCTIONS.sample(random: random)
      attempt(name) { EventMachine.public_send(name, *arguments(EventMachine.method(name), random)) { nil } }
    end
  end

  # The loop goes on. Somebody may have suspended its timers.
  def ask_loop
    answer = Queue.new
    EventMachine.next_tick do
      EventMachine.resume_timers
      answer << true
    end
    Timeout.timeout(PATIENCE) { answer.pop }
    @calls[:ask] += 1
  end

  def open_something(random)
    case random.rand(5)
    when 0 then attempt(:popen) { EventMachine.popen(["echo", "x"], Talker) }
    when 1 then attempt(:attach) { UNIXSocket.pair.each { |socket| EventMachine.attach(socket, Talker) } }
    when 2 then attempt(:start_tls) { EventMachine.connect("127.0.0.1", @port, Talker).start_tls }
    else attempt(:connect) { EventMachine.connect("127.0.0.1", @port, Talker) { |peer| peer.send_data("word") } }
    end
  end

  def arguments(method, random)
    count = method.arity
    count = -count - 1 + random.rand(3) if count.negative?
    Array.new(count) { argument(random) }
  end

  def argument(random)
    case random.rand(12)
    when 0 then nil
    when 1 then "text" * random.rand(1..10)
    when 2 then random.rand(100)
    when 3 then -random.rand(2**40)
    when 4 then random.rand
    when 5 then -> { 1 }
    when 6 then Talker
    when 7 then "127.0.0.1"
    when 8 then [:x, {}].sample(random: random)
    when 9 then __FILE__
    else EventMachine.instance_variable_get(:@conns).keys.sample(random: random)
    end
  end

  def attempt(name)
    @calls[name] += 1
    yield
  rescue StandardError => e
    @refused[name] += 1
    judge(name, e)
  end

  # A panic of Rust is an error of its own, and so is a borrow that failed.
  def judge(name, error)
    return unless error.message.match?(/panic|borrow|internal error|unreachable/i) || !error.is_a?(StandardError)

    @faults << "#{name}: #{error.full_message(highlight: false)}"
  end

  def stressed
    GC.stress = true
    yield
  ensure
    GC.stress = STRESS
  end

  # The child has the loop's memory, and must be able to leave it and to run one of its own.
  def fork_once
    pid = fork do
      Thread.new { sleep(20) && exit!(3) }
      EventMachine.error_handler
      EventMachine.run { EventMachine.add_timer(0.001) { EventMachine.stop } }
      exit!(0)
    rescue Exception => e
      warn e.full_message
      exit!(1)
    end
    _, status = Process.wait2(pid)
    @calls[:fork] += 1
    @faults << "a child ended by #{status}" unless status.success?
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def report
    puts "#{@calls.values.sum} calls of #{@calls.size} functions, #{@refused.values.sum} refused, " \
         "#{@calls[:fork]} forks, #{@calls[:ask]} answers of the loop, #{@ticks} turns of a timer"
    never = (FUNCTIONS + METHODS.map { |name| :"##{name}" }) - @calls.keys.map(&:to_sym)
    puts "never called: #{never.join(', ')}" if never.any?
    @faults.first(10).each { |fault| puts "FAULT #{fault}" }
    @faults.empty?
  end
end

if $PROGRAM_NAME == __FILE__
  seed = Integer(ENV.fetch("SEED", Random.new_seed % 1_000_000))
  puts "SEED=#{seed}"
  exit(Callers.new(seed, Float(ENV.fetch("SECONDS", "60"))).run)
end
