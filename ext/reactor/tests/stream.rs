//! Connections: bytes both ways, and every way to their end.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::{Loop, descriptor, number, sockets, system};
use em_reactor::{Error, Event, Id, Interest, Reason};

fn unbound_of(wanted: Id) -> impl FnMut(&common::Seen) -> Option<Option<Reason>> {
    move |seen| match &seen.event {
        Event::Unbound { id, reason } if *id == wanted => Some(reason.clone()),
        _ => None,
    }
}

#[test]
fn bytes_arrive_whole_and_in_order() {
    let mut l = Loop::new();
    let (client, server) = l.pair();
    let sent: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    for piece in sent.chunks(10_007) {
        assert_eq!(l.reactor.send(client, piece).unwrap(), piece.len());
    }
    l.reactor.close(client, true);
    let mut received = Vec::new();
    let mut ended = 0;
    l.run_until(|_, seen| {
        if matches!(seen.event, Event::Data { id, .. } if id == server) {
            received.extend_from_slice(&seen.data);
        }
        ended += usize::from(matches!(seen.event, Event::Unbound { .. }));
        ended == 2
    });
    assert!(received == sent);
    assert_eq!(l.reactor.count(), 0);
}

#[test]
fn no_poll_waits_while_something_sent_is_not_written() {
    let mut l = Loop::new();
    let (client, _) = l.pair();
    assert_ne!(l.reactor.poll_timeout(Instant::now()), Some(Duration::ZERO));
    l.reactor.send(client, b"from another thread").unwrap();
    assert_eq!(l.reactor.poll_timeout(Instant::now()), Some(Duration::ZERO));
    l.reactor.flush();
    assert_ne!(l.reactor.poll_timeout(Instant::now()), Some(Duration::ZERO));
}

#[test]
fn closing_at_once_writes_what_the_system_takes_and_refuses_later_sends() {
    let mut l = Loop::new();
    let (client, server) = l.pair();
    let most = vec![0; 64 * 1024 * 1024];
    l.reactor.send(client, &most).unwrap();
    l.reactor.close(client, false);
    assert_eq!(l.reactor.send(client, b"more").unwrap(), 0);
    assert_eq!(l.reactor.closing_count(), 1);
    let mut count = 0;
    l.run_until(|_, seen| {
        count += seen.data.len();
        matches!(seen.event, Event::Unbound { id, .. } if id == server)
    });
    assert!(count > 0 && count < most.len());
    assert!(matches!(
        l.reactor.send(client, b"x"),
        Err(Error::UnknownId(_))
    ));
    assert_eq!(l.reactor.closing_count(), 0);
}

#[test]
fn a_reset_ends_one_connection_with_the_systems_reason() {
    let mut l = Loop::new();
    let (listener, address) = l.listen();
    let peer = TcpStream::connect(address).unwrap();
    let server = l.wait_for(|seen| match seen.event {
        Event::Accepted { id, .. } => Some(id),
        _ => None,
    });
    socket2::SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(peer);
    assert_eq!(
        l.wait_for(unbound_of(server)),
        Some(Reason::Errno(system::ECONNRESET))
    );
    assert!(l.reactor.contains(listener));
}

#[test]
#[cfg_attr(windows, ignore = "wine forgets what it has taken")]
fn a_peer_that_half_closes_gets_its_answer_whole() {
    let mut l = Loop::new();
    let (_, address) = l.listen();
    let answer = vec![7u8; 5_000_000];
    let peer = std::thread::spawn(move || {
        let mut peer = TcpStream::connect(address).unwrap();
        peer.write_all(b"request").unwrap();
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received
    });
    l.run_until(|reactor, seen| {
        if let Event::Data { id, .. } = seen.event {
            reactor.send(id, &answer).unwrap();
        }
        matches!(seen.event, Event::Unbound { .. })
    });
    assert!(peer.join().unwrap() == vec![7u8; 5_000_000]);
}

#[test]
fn a_refused_connect_tries_the_next_address_and_ends_with_the_last_reason() {
    let mut l = Loop::new();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let id = l
        .reactor
        .connect_tcp(&[closed, open.local_addr().unwrap()], None)
        .unwrap();
    l.wait_for(|seen| (seen.event == Event::Connected(id)).then_some(()));

    let refused = l.reactor.connect_tcp(&[closed, closed], None).unwrap();
    assert_eq!(
        l.wait_for(unbound_of(refused)),
        Some(Reason::Errno(system::ECONNREFUSED))
    );
}

#[test]
fn what_is_sent_before_the_connect_is_done_comes_first() {
    let mut l = Loop::new();
    let (_, address) = l.listen();
    let client = l.reactor.connect_tcp(&[address], None).unwrap();
    l.reactor.send(client, b"early ").unwrap();
    l.reactor.close(client, true);
    let mut data = Vec::new();
    let mut left = 2;
    l.run_until(|_, seen| {
        data.extend_from_slice(&seen.data);
        left -= usize::from(matches!(seen.event, Event::Unbound { .. }));
        left == 0
    });
    assert_eq!(data, b"early ");
}

#[test]
fn a_paused_connection_neither_reads_nor_writes() {
    let mut l = Loop::new();
    let (client, server) = l.pair();
    assert!(l.reactor.set_paused(server, true).unwrap());
    assert!(!l.reactor.set_paused(server, true).unwrap());
    l.reactor.send(client, b"in").unwrap();
    l.reactor.send(server, b"out").unwrap();
    l.reactor.flush();
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    assert_eq!(l.reactor.outbound_len(server).unwrap(), 3);
    assert!(l.reactor.set_paused(server, false).unwrap());
    l.reactor.flush();
    let mut seen_by = Vec::new();
    l.run_until(|_, seen| {
        if let Event::Data { id, .. } = seen.event {
            seen_by.push((id, seen.data.clone()));
        }
        seen_by.len() == 2
    });
    assert!(seen_by.contains(&(server, b"in".to_vec())));
    assert!(seen_by.contains(&(client, b"out".to_vec())));
}

#[test]
fn an_idle_connection_ends_when_its_time_is_up_and_a_busy_one_does_not() {
    let mut l = Loop::new();
    let (client, server) = l.pair();
    l.reactor
        .set_inactivity_timeout(server, Duration::from_millis(60))
        .unwrap();
    let start = Instant::now();
    let timer = l
        .reactor
        .add_timer(start, Duration::from_millis(40))
        .unwrap();
    let mut ended = None;
    l.run_until(|reactor, seen| {
        match &seen.event {
            Event::TimerFired(id) if *id == timer => {
                reactor.send(client, b"x").unwrap();
            }
            Event::Unbound { id, reason } if *id == server => {
                ended = Some((start.elapsed(), reason.clone()));
            }
            _ => {}
        }
        ended.is_some()
    });
    let (after, reason) = ended.unwrap();
    assert_eq!(reason, Some(Reason::Errno(system::ETIMEDOUT)));
    assert!(after >= Duration::from_millis(100), "{after:?}");
}

#[test]
fn a_connect_ends_when_its_time_is_up() {
    let mut l = Loop::new();
    // A full backlog leaves later connects unanswered.
    let deaf = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    deaf.bind(
        &"127.0.0.1:0"
            .parse::<std::net::SocketAddr>()
            .unwrap()
            .into(),
    )
    .unwrap();
    deaf.listen(0).unwrap();
    let address = deaf.local_addr().unwrap().as_socket().unwrap();
    let _first = TcpStream::connect(address).unwrap();
    let id = l.reactor.connect_tcp(&[address], None).unwrap();
    l.reactor
        .set_connect_timeout(id, Duration::from_millis(30))
        .unwrap();
    assert_eq!(
        l.wait_for(unbound_of(id)),
        Some(Reason::Errno(system::ETIMEDOUT))
    );
}

#[test]
fn a_detached_descriptor_stays_open_and_is_its_owners() {
    let mut l = Loop::new();
    let (mut near, far) = sockets();
    let id = l.reactor.attach(descriptor(&far)).unwrap();
    near.write_all(b"one").unwrap();
    l.wait_for(|seen| (seen.data == b"one").then_some(()));
    assert_eq!(l.reactor.detach(id).unwrap(), number(&far));
    l.wait_for(unbound_of(id));
    near.write_all(b"two").unwrap();
    let mut buffer = [0; 3];
    (&far).read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"two");
}

#[test]
fn a_watched_descriptor_is_reported_for_as_long_as_it_is_ready() {
    let mut l = Loop::new();
    let (mut near, far) = sockets();
    let id = l.reactor.watch(descriptor(&far)).unwrap();
    near.write_all(b"x").unwrap();
    l.turn(Duration::from_millis(10), |_, seen| panic!("{seen:?}"));
    l.reactor.set_notify(id, Interest::READABLE, true).unwrap();
    let mut times = 0;
    l.run_until(|_, seen| {
        times += usize::from(seen.event == Event::Readable(id));
        times == 3
    });
    (&far).read_exact(&mut [0]).unwrap();
    l.turn(Duration::from_millis(10), |_, _| {});
    l.turn(Duration::from_millis(10), |_, seen| panic!("{seen:?}"));
    l.reactor.set_notify(id, Interest::READABLE, false).unwrap();
    l.reactor.set_notify(id, Interest::WRITABLE, true).unwrap();
    l.wait_for(|seen| (seen.event == Event::Writable(id)).then_some(()));
    assert_eq!(l.reactor.notifies(id).unwrap(), Interest::WRITABLE);
}

#[cfg(unix)]
#[test]
fn descriptors_that_are_not_open_are_refused() {
    for fd in [-1, 9_999] {
        // SAFETY: it is not used.
        let error = unsafe { em_reactor::open_descriptor(fd) }.unwrap_err();
        assert_eq!(error.errno(), Some(system::EBADF), "{error}");
        assert!(
            error.to_string().contains(&format!("descriptor {fd}")),
            "{error}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn urgent_data_is_reported_before_other_data_and_not_as_that() {
    let mut l = Loop::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    let near = socket2::SockRef::from(&near);
    let id = l.reactor.watch(descriptor(&far)).unwrap();
    let both = Interest::READABLE | Interest::PRIORITY;
    l.reactor.set_notify(id, both, true).unwrap();
    near.send_out_of_band(b"!").unwrap();
    let turn = |l: &mut Loop| {
        let mut events = Vec::new();
        l.turn(Duration::from_secs(5), |_, seen| {
            events.push(seen.event.clone())
        });
        events
    };
    for _ in 0..3 {
        assert_eq!(turn(&mut l), [Event::Urgent(id)]);
    }
    near.send(b"x").unwrap();
    for _ in 0..3 {
        assert_eq!(turn(&mut l), [Event::Urgent(id), Event::Readable(id)]);
    }
    l.reactor.set_notify(id, Interest::PRIORITY, false).unwrap();
    far.read_exact(&mut [0]).unwrap();
    l.turn(Duration::from_millis(10), |_, _| {});
    l.turn(Duration::from_millis(10), |_, seen| panic!("{seen:?}"));
}
