//! Connects to hosts with several addresses, and by name.

#![allow(clippy::unwrap_used, reason = "a test fails by panics")]

mod common;

use std::io::Write;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Loop, Seen, system};
use crossbeam_channel::{Receiver, bounded};
use em_reactor::{Event, Family, Id, Reason};

/// A listener that answers nobody, since its backlog is full.
struct BlackHole {
    socket: socket2::Socket,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    fn new(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
        socket.bind(&address.into()).unwrap();
        socket.listen(0).unwrap();
        let local = socket.local_addr().unwrap().as_socket().unwrap();
        let _waiting = vec![TcpStream::connect(local).unwrap()];
        Self { socket, _waiting }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap().as_socket().unwrap()
    }
}

fn open_listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn closed_port() -> SocketAddr {
    open_listener().1
}

fn connected(id: Id) -> impl FnMut(&Seen) -> Option<()> {
    move |seen| {
        assert!(!matches!(seen.event, Event::Unbound { .. }), "{seen:?}");
        (seen.event == Event::Connected(id)).then_some(())
    }
}

fn unbound(id: Id) -> impl FnMut(&Seen) -> Option<Option<Reason>> {
    move |seen| match &seen.event {
        Event::Unbound { id: ended, reason } if *ended == id => Some(reason.clone()),
        _ => None,
    }
}

#[test]
fn an_address_that_does_not_answer_is_waited_for_a_quarter_of_a_second() {
    let mut l = Loop::new();
    let hole = BlackHole::new("127.0.0.2:0");
    let (_listener, address) = open_listener();
    let start = Instant::now();
    let id = l
        .reactor
        .connect_tcp(&[hole.address(), address], None)
        .unwrap();
    l.wait_for(connected(id));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(250), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let peer = l.reactor.peer_name(id).unwrap();
    assert_eq!(peer[2..4], address.port().to_be_bytes());
}

#[test]
fn a_refused_address_is_followed_by_the_next_at_once() {
    let mut l = Loop::new();
    l.reactor.set_attempt_delay(Duration::from_secs(60));
    let (_listener, address) = open_listener();
    let refused = SocketAddr::from((Ipv6Addr::LOCALHOST, closed_port().port()));
    let id = l
        .reactor
        .connect_tcp(&[refused, closed_port(), address], None)
        .unwrap();
    l.wait_for(connected(id));
}

#[test]
fn a_failed_rival_is_followed_by_the_next_at_once() {
    let mut l = Loop::new();
    let delay = Duration::from_millis(30);
    l.reactor.set_attempt_delay(delay);
    let hole = BlackHole::new("127.0.0.2:0");
    let (_listener, address) = open_listener();
    let start = Instant::now();
    let addresses = [hole.address(), closed_port(), closed_port(), address];
    let id = l.reactor.connect_tcp(&addresses, None).unwrap();
    l.wait_for(connected(id));
    assert!(start.elapsed() < delay * 10);
}

#[test]
fn a_slow_address_may_still_win() {
    let mut l = Loop::new();
    l.reactor.set_attempt_delay(Duration::from_millis(5));
    let slow = BlackHole::new("127.0.0.2:0");
    let dead = BlackHole::new("127.0.0.3:0");
    let id = l
        .reactor
        .connect_tcp(&[slow.address(), dead.address()], None)
        .unwrap();
    for _ in 0..5 {
        l.turn(Duration::from_millis(10), |_, seen| panic!("{seen:?}"));
    }
    let (accepted, _) = slow.socket.accept().unwrap();
    l.wait_for(connected(id));
    let peer = l.reactor.peer_name(id).unwrap();
    assert_eq!(peer[4..8], [127, 0, 0, 2]);
    drop(accepted);
}

#[test]
fn where_the_first_fails_another_that_is_under_way_goes_on() {
    let mut l = Loop::new();
    l.reactor.set_attempt_delay(Duration::from_millis(5));
    let first = BlackHole::new("127.0.0.2:0");
    let second = BlackHole::new("127.0.0.3:0");
    let id = l
        .reactor
        .connect_tcp(&[first.address(), second.address()], None)
        .unwrap();
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    drop(first);
    second.socket.accept().unwrap();
    l.wait_for(connected(id));
    assert_eq!(l.reactor.peer_name(id).unwrap()[4..8], [127, 0, 0, 3]);
}

#[test]
fn what_is_sent_and_set_before_goes_to_the_address_that_answers() {
    let mut l = Loop::new();
    l.reactor.set_attempt_delay(Duration::from_millis(5));
    let hole = BlackHole::new("127.0.0.2:0");
    let (listener, address) = open_listener();
    let id = l
        .reactor
        .connect_tcp(&[hole.address(), address], None)
        .unwrap();
    l.reactor.send(id, b"early").unwrap();
    let on = 1i32.to_ne_bytes();
    l.reactor
        .set_socket_option(id, system::SOL_SOCKET, system::SO_KEEPALIVE, &on)
        .unwrap();
    l.wait_for(connected(id));
    let kept = l
        .reactor
        .socket_option(id, system::SOL_SOCKET, system::SO_KEEPALIVE)
        .unwrap();
    // Windows gives one byte.
    assert!(kept.contains(&1));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"answer").unwrap();
    l.wait_for(|seen| (seen.data == b"answer").then_some(()));
    let mut data = [0; 5];
    std::io::Read::read_exact(&mut peer, &mut data).unwrap();
    assert_eq!(&data, b"early");
}

#[test]
fn a_connect_that_is_over_leaves_no_timer() {
    let mut l = Loop::new();
    let hole = BlackHole::new("127.0.0.2:0");
    let (_listener, address) = open_listener();
    l.reactor.set_attempt_delay(Duration::from_millis(5));
    let id = l
        .reactor
        .connect_tcp(&[hole.address(), address, hole.address()], None)
        .unwrap();
    l.wait_for(connected(id));
    l.reactor.close(id, false);
    l.wait_for(unbound(id));
    let id = l
        .reactor
        .connect_tcp(&[hole.address(), hole.address()], None)
        .unwrap();
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    l.reactor.close(id, false);
    assert_eq!(l.wait_for(unbound(id)), None);
    assert_eq!(l.reactor.poll_timeout(Instant::now()), None);
}

#[test]
fn the_time_to_connect_is_for_all_addresses() {
    let mut l = Loop::new();
    let holes = [BlackHole::new("127.0.0.2:0"), BlackHole::new("127.0.0.3:0")];
    let addresses: Vec<SocketAddr> = holes.iter().map(BlackHole::address).collect();
    l.reactor.set_attempt_delay(Duration::from_millis(5));
    let id = l.reactor.connect_tcp(&addresses, None).unwrap();
    l.reactor
        .set_connect_timeout(id, Duration::from_millis(40))
        .unwrap();
    assert_eq!(
        l.wait_for(unbound(id)),
        Some(Reason::Errno(system::ETIMEDOUT))
    );
}

#[test]
fn an_address_has_its_time_and_the_next_has_its_turn_then() {
    let mut l = Loop::new();
    l.reactor.set_attempt_delay(Duration::from_secs(60));
    let holes = [BlackHole::new("127.0.0.2:0"), BlackHole::new("127.0.0.3:0")];
    let (_listener, address) = open_listener();
    let addresses = [holes[0].address(), holes[1].address(), address];
    let limit = Duration::from_millis(20);
    let start = Instant::now();
    // The reactor's clock is that of its last turn.
    l.turn(Duration::ZERO, |_, _| {});
    let id = l.reactor.connect_tcp(&addresses, None).unwrap();
    l.reactor.set_attempt_timeout(id, limit).unwrap();
    l.wait_for(connected(id));
    assert!(start.elapsed() >= limit * 2);
    l.reactor.close(id, false);
    l.wait_for(unbound(id));
    assert_eq!(l.reactor.poll_timeout(Instant::now()), None);
}

#[test]
fn a_connect_ends_when_the_last_of_several_under_way_has_had_its_time() {
    let mut l = Loop::new();
    l.reactor.set_attempt_delay(Duration::from_millis(10));
    let holes = ["127.0.0.2:0", "127.0.0.3:0", "127.0.0.4:0"].map(BlackHole::new);
    let addresses = holes.each_ref().map(BlackHole::address);
    let start = Instant::now();
    // The reactor's clock is that of its last turn.
    l.turn(Duration::ZERO, |_, _| {});
    let id = l.reactor.connect_tcp(&addresses, None).unwrap();
    let limit = Duration::from_millis(100);
    l.reactor.set_attempt_timeout(id, limit).unwrap();
    let reason = Some(Reason::Errno(system::ETIMEDOUT));
    assert_eq!(l.wait_for(unbound(id)), reason);
    let took = start.elapsed();
    assert!(took >= limit + Duration::from_millis(20), "{took:?}");
    assert_eq!(l.reactor.poll_timeout(Instant::now()), None);
}

#[test]
fn a_name_is_resolved_while_the_loop_goes_on() {
    let mut l = Loop::new();
    let (answer, answers): (_, Receiver<()>) = bounded(0);
    l.reactor.set_look_up(move |host, _| {
        assert_eq!(host, "slow.example");
        answers.recv().map_err(|error| error.to_string())?;
        Ok(vec![([127, 0, 0, 1], 0).into()])
    });
    let (_listener, address) = open_listener();
    let id = l
        .reactor
        .connect_name("slow.example", address.port(), None)
        .unwrap();
    let tick = l
        .reactor
        .add_timer(Instant::now(), Duration::from_millis(10))
        .unwrap();
    l.wait_for(|seen| (seen.event == Event::TimerFired(tick)).then_some(()));
    answer.send(()).unwrap();
    answer.send(()).unwrap();
    l.wait_for(connected(id));
}

#[test]
fn addresses_of_ipv4_wait_a_little_for_those_of_ipv6() {
    let mut l = Loop::new();
    l.reactor.set_resolution_delay(Duration::from_secs(60));
    let (v6, v6_asked): (_, Receiver<()>) = bounded(0);
    l.reactor.set_look_up(move |_, family| match family {
        Family::V4 => Ok(vec![([127, 0, 0, 1], 0).into()]),
        _ => v6_asked
            .recv()
            .map_err(|e| e.to_string())
            .and(Err("none".to_owned())),
    });
    let (_listener, address) = open_listener();
    let id = l
        .reactor
        .connect_name("host.example", address.port(), None)
        .unwrap();
    l.turn(Duration::from_millis(30), |_, seen| panic!("{seen:?}"));
    l.turn(Duration::from_millis(30), |_, seen| panic!("{seen:?}"));
    v6.send(()).unwrap();
    l.wait_for(connected(id));
}

#[test]
fn they_do_not_wait_for_longer_than_the_delay() {
    let mut l = Loop::new();
    let (v6, v6_asked): (_, Receiver<()>) = bounded(0);
    l.reactor.set_look_up(move |_, family| match family {
        Family::V4 => Ok(vec![([127, 0, 0, 1], 0).into()]),
        _ => v6_asked
            .recv()
            .map_err(|e| e.to_string())
            .and(Err("none".to_owned())),
    });
    let (_listener, address) = open_listener();
    let start = Instant::now();
    let id = l
        .reactor
        .connect_name("host.example", address.port(), None)
        .unwrap();
    l.wait_for(connected(id));
    assert!(start.elapsed() >= Duration::from_millis(50));
    drop(v6);
}

#[test]
fn a_name_without_addresses_ends_the_connection_with_the_resolvers_words() {
    let mut l = Loop::new();
    l.reactor.set_look_up(|_, family| match family {
        Family::V4 => Err("no such name".to_owned()),
        _ => Err("no such name in IPv6".to_owned()),
    });
    let id = l.reactor.connect_name("nowhere.example", 80, None).unwrap();
    let reason = Reason::Resolve("no such name (\"nowhere.example\")".to_owned());
    assert_eq!(l.wait_for(unbound(id)), Some(reason));
}

#[test]
fn the_time_to_connect_includes_the_resolution() {
    let mut l = Loop::new();
    let (_never, asked): (_, Receiver<()>) = bounded(0);
    l.reactor
        .set_look_up(move |_, _| asked.recv().map_err(|e| e.to_string()).map(|()| Vec::new()));
    let id = l.reactor.connect_name("mute.example", 80, None).unwrap();
    l.reactor
        .set_connect_timeout(id, Duration::from_millis(20))
        .unwrap();
    assert_eq!(
        l.wait_for(unbound(id)),
        Some(Reason::Errno(system::ETIMEDOUT))
    );
}

#[test]
fn requests_for_one_name_share_the_work() {
    let mut l = Loop::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (go, start): (_, Receiver<()>) = bounded(0);
    l.reactor.set_look_up(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        start.recv().map_err(|error| error.to_string())?;
        Ok(vec![([127, 0, 0, 9], 0).into()])
    });
    let now = Instant::now();
    let mut left: Vec<u64> = (0..100)
        .map(|_| l.reactor.resolve("host.example", Family::Any, now, None))
        .collect();
    go.send(()).unwrap();
    l.run_until(|_, seen| {
        if let Event::Resolved { request, answer } = &seen.event {
            assert_eq!(answer, &Ok(vec![([127, 0, 0, 9], 0).into()]));
            left.retain(|waiting| waiting != request);
        }
        left.is_empty()
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_request_that_takes_too_long_ends_and_the_rest_goes_on() {
    let mut l = Loop::new();
    let (_never, asked): (_, Receiver<()>) = bounded(0);
    l.reactor.set_look_up(move |host, _| match host {
        "mute.example" => asked.recv().map_err(|e| e.to_string()).map(|()| Vec::new()),
        _ => Ok(vec![([127, 0, 0, 1], 0).into()]),
    });
    let now = Instant::now();
    let limit = Some(Duration::from_millis(20));
    let mute = l.reactor.resolve("mute.example", Family::Any, now, limit);
    let other = l.reactor.resolve("other.example", Family::Any, now, None);
    let mut answers = Vec::new();
    l.run_until(|_, seen| {
        if let Event::Resolved { request, answer } = &seen.event {
            answers.push((*request, answer.is_ok()));
        }
        answers.len() == 2
    });
    answers.sort_unstable();
    assert_eq!(answers, [(mute, false), (other, true)]);
}

#[test]
fn there_are_no_more_than_sixteen_threads_and_they_skip_what_nobody_waits_for() {
    let mut l = Loop::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (go, start): (_, Receiver<()>) = bounded(0);
    l.reactor.set_look_up(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = start.recv();
        Err("none".to_owned())
    });
    let limit = Some(Duration::from_millis(50));
    let mut left = 100;
    for number in 0..left {
        let host = format!("host{number}.example");
        l.reactor.resolve(&host, Family::Any, Instant::now(), limit);
    }
    l.run_until(|_, seen| {
        left -= usize::from(matches!(seen.event, Event::Resolved { .. }));
        left == 0
    });
    assert_eq!(asked.load(Ordering::SeqCst), 16);
    drop(go);
    let last = l
        .reactor
        .resolve("last.example", Family::Any, Instant::now(), None);
    l.wait_for(|seen| {
        matches!(seen.event, Event::Resolved { request, .. } if request == last).then_some(())
    });
    assert_eq!(asked.load(Ordering::SeqCst), 17);
}

#[test]
fn what_a_thread_is_at_is_not_asked_for_again_by_later_connects() {
    let mut l = Loop::new();
    let (_begin, silent): (_, Receiver<()>) = bounded(0);
    let (asked, questions) = bounded(20);
    l.reactor.set_look_up(move |_, family| match family {
        Family::V4 => Ok(vec![([127, 0, 0, 1], 0).into()]),
        _ => {
            asked.send(()).map_err(|error| error.to_string())?;
            silent.recv().map_err(|error| error.to_string())?;
            Err("none".to_owned())
        }
    });
    l.reactor.set_resolution_delay(Duration::ZERO);
    let (_listener, address) = open_listener();
    for round in 0..20 {
        let port = address.port();
        let id = l.reactor.connect_name("half.example", port, None).unwrap();
        if round == 0 {
            questions.recv().unwrap();
        }
        l.wait_for(connected(id));
        l.reactor.close(id, false);
        l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    }
    assert!(questions.is_empty());
}
