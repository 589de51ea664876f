# frozen_string_literal: true

# What the native functions do where there is no loop, each of them.
RSpec.describe "The native functions" do
  # Arguments of the right kind; a signature for those that are not named.
  arguments = {
    add_timer: [1, proc {}], add_oneshot_timer: [1000], cancel_timer: [1], cancel_oneshot_timer: [1],
    attach_fd: [0, false], attach_sd: [0], send_data: [1, "x", 1], close_connection: [1, false],
    bind_connect_server: ["127.0.0.1", 0, "127.0.0.1", 80], connect_server: ["127.0.0.1", 80],
    connect_unix_server: ["/nowhere"], start_tcp_server: ["127.0.0.1", 0], start_unix_server: ["/nowhere/x"],
    open_udp_socket: ["127.0.0.1", 0], send_datagram: [1, "x", 1, "127.0.0.1", 80],
    send_file_data: [1, "/dev/null"], get_sock_opt: [1, 1, 1], set_sock_opt: [1, 1, 1, 1],
    set_comm_inactivity_timeout: [1, 1], set_pending_connect_timeout: [1, 1],
    set_notify_readable: [1, true], set_notify_writable: [1, true], set_heartbeat_interval: [1.0],
    set_timer_quantum: [90], start_proxy: [1, 2, 0, 0], invoke_popen: [%w[true true]],
    open_unix_datagram: [nil], attach_datagram: [0], connect_datagram: ["127.0.0.1", 80],
    send_descriptor: [1, 0], send_unix_datagram: [1, "x", "/nowhere"],
    listen_with: ["127.0.0.1", 0, [], 5],
    resolve_host: ["localhost", 0, nil], connect_host: ["localhost", 80, nil, nil],
    connect_addresses: ["localhost", ["127.0.0.1"], 80, nil, nil],
    run_machine_once: [], set_outbound_limits: [1, 2, 1],
    watch_filename: ["/"], watch_pid: [1], set_tls_options: [1, {}],
    set_tls_parms: [1, "", "", "", "", "", false, false, "", "", "", "", 0]
  }
  # Those with an answer all the same.
  answers = {
    cancel_timer: nil, close_write: false, connection_paused?: false, epoll: true, outbound_full?: true,
    pause_when_full: false, set_outbound_limits: false, is_notify_readable: false,
    is_notify_writable: false, pause_connection: false, resume_connection: false, send_descriptor: -1,
    set_notify_readable: nil, set_notify_writable: nil, watch_only?: false
  }
  # Those that have nothing to do with a loop.
  free = %i[
    connection_attempt_delay connection_attempt_delay= epoll= epoll? fiber get_max_timer_count
    get_simultaneous_accept_count initialize_event_machine kqueue kqueue= kqueue? library_type resolution_delay
    resolution_delay= set_max_timer_count set_rlimit_nofile set_simultaneous_accept_count setuid_string ssl?
    tls_provider host_addresses
  ]

  natives = EventMachine.singleton_methods(false).select do |name|
    EventMachine.method(name).source_location.nil?
  end

  it "are many" do
    expect(natives.size).to be > 70
    expect(natives).to include(*arguments.keys, *answers.keys, *free)
  end

  (natives - free).each do |name|
    call = lambda do
      given = arguments.fetch(name) { [1] * EventMachine.method(name).arity }
      EventMachine.public_send(name, *given)
    end

    if answers.key?(name)
      it("answer, as #{name} does") { expect(call.call).to eq(answers[name]) }
    else
      it "are named in the error, as #{name} is" do
        expect(&call).to raise_error(RuntimeError,
                                     "eventmachine not initialized: #{name}: call it within EventMachine.run")
      end
    end
  end

  it "name themselves where a host is to be resolved, and in what goes before a connection" do
    {
      start_tcp_server: ["localhost", 0], open_udp_socket: ["localhost", 0], connect_server: ["localhost", 80],
      bind_connect_server: ["localhost", 0, "127.0.0.1", 80], send_datagram: [1, "x", 1, "localhost", 80]
    }.each do |name, given|
      expect { EventMachine.public_send(name, *given) }
        .to raise_error(RuntimeError, "eventmachine not initialized: #{name}: call it within EventMachine.run")
    end
    connection = EventMachine::Connection.new(1)
    expect { connection.get_outbound_data_size }
      .to raise_error(RuntimeError,
                      "eventmachine not initialized: get_outbound_data_size: call it within EventMachine.run")
  end

  it "take any number that C's unsigned long does for a signature" do
    em do
      [-1, 2**63, (2**64) - 1].each do |signature|
        expect(EventMachine.send_data(signature, "x", 1)).to eq(-1)
        expect(EventMachine.get_idle_time(signature)).to be_nil
        expect { EventMachine.stop_tcp_server(signature) }.to raise_error(RuntimeError, /nonexistent acceptor/)
      end
      expect { EventMachine.get_idle_time(2**64) }.to raise_error(RangeError)
      done
    end
  end

  it "name what they are asked of, where it is of the wrong kind" do
    em do
      server = EventMachine.start_server("127.0.0.1", 0)
      expect { EventMachine.send_file_data(server, __FILE__) }
        .to raise_error(RuntimeError, "send_file_data is not for a server")
      expect { EventMachine.initialize_event_machine }
        .to raise_error(RuntimeError, "eventmachine already initialized: initialize_event_machine")
      expect { EventMachine.start_proxy(server, -1, 0, 0) }
        .to raise_error(EventMachine::ConnectionError, /\ATried to proxy to an invalid descriptor/)
      done
    end
  end
end
