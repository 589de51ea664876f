//! Servers.

mod common;

use std::net::TcpStream;
use std::time::Duration;

use common::{Loop, system};
use em_reactor::Event;

#[test]
fn a_port_in_use_is_refused_with_its_address() {
    let mut l = Loop::new();
    let (_, address) = l.listen();
    let error = l.reactor.listen_tcp(address).unwrap_err();
    assert_eq!(error.errno(), Some(system::EADDRINUSE));
    let section = if cfg!(windows) { "" } else { "(2)" };
    let subject = format!("{} - bind{section} for {address}", error.reason());
    assert_eq!(error.to_string(), subject);
    assert_eq!(l.reactor.count(), 1);
}

#[test]
fn a_burst_is_taken_in_shares() {
    let mut l = Loop::new();
    let (_, address) = l.listen();
    l.reactor.set_accepts_per_turn(3);
    let peers: Vec<TcpStream> = (0..10)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let mut shares = Vec::new();
    while shares.iter().sum::<usize>() < peers.len() {
        let mut share = 0;
        l.turn(Duration::from_secs(5), |_, seen| {
            share += usize::from(matches!(seen.event, Event::Accepted { .. }));
        });
        shares.push(share);
    }
    assert_eq!(shares, [3, 3, 3, 1]);
}

#[cfg(unix)]
#[test]
fn a_unix_path_is_taken_over_from_a_dead_server_but_no_file_is_harmed() {
    let directory = std::env::temp_dir().join(format!("em-reactor-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let mut l = Loop::new();
    let path = directory.join("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    l.reactor.listen_unix(&path).unwrap();
    let client = l.reactor.connect_unix(&path).unwrap();
    l.wait_for(|seen| (seen.event == Event::Connected(client)).then_some(()));

    let file = directory.join("file");
    std::fs::write(&file, "precious").unwrap();
    assert_eq!(
        l.reactor.listen_unix(&file).unwrap_err().errno(),
        Some(system::EADDRINUSE)
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    let long = directory.join("x".repeat(200));
    assert!(
        l.reactor
            .listen_unix(&long)
            .unwrap_err()
            .to_string()
            .contains("too long")
    );
    std::fs::remove_dir_all(&directory).unwrap();
}

#[cfg(unix)]
#[test]
fn a_connect_to_a_unix_server_with_a_full_backlog_is_done_once_there_is_room() {
    use std::os::unix::net::UnixStream;

    let path = std::env::temp_dir().join(format!("em-reactor-full-{}", std::process::id()));
    let address = socket2::SockAddr::unix(&path).unwrap();
    let server = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    server.bind(&address).unwrap();
    server.listen(0).unwrap();
    let _first = UnixStream::connect(&path).unwrap();
    let mut l = Loop::new();
    let client = l.reactor.connect_unix(&path).unwrap();
    l.turn(Duration::ZERO, |_, seen| panic!("{seen:?}"));
    let _accepted = server.accept().unwrap();
    l.wait_for(|seen| (seen.event == Event::Connected(client)).then_some(()));
    std::fs::remove_file(&path).unwrap();
}

/// The connections that are taken in a few turns.
fn taken(l: &mut Loop) -> Vec<em_reactor::Id> {
    let mut taken = Vec::new();
    for _ in 0..5 {
        l.turn(Duration::from_millis(5), |_, seen| {
            if let Event::Accepted { id, .. } = seen.event {
                taken.push(id);
            }
        });
    }
    taken
}

#[test]
fn a_paused_listener_leaves_connections_in_its_backlog() {
    let mut l = Loop::new();
    let (listener, address) = l.listen();
    assert!(l.reactor.set_accepting(listener, false).unwrap());
    let _peers = [(); 3].map(|()| TcpStream::connect(address).unwrap());
    assert_eq!(taken(&mut l).len(), 0);
    assert!(l.reactor.set_accepting(listener, true).unwrap());
    assert_eq!(taken(&mut l).len(), 3);
}

#[test]
fn a_listener_takes_so_many_at_a_time() {
    let mut l = Loop::new();
    let (listener, address) = l.listen();
    let _peers = [(); 6].map(|()| TcpStream::connect(address).unwrap());
    l.reactor.set_connection_limit(listener, Some(2)).unwrap();
    let first = taken(&mut l);
    assert_eq!(first.len(), 2);
    l.reactor.close(first[0], false);
    assert_eq!(taken(&mut l).len(), 1);
    // Those that are there already count.
    l.reactor.set_connection_limit(listener, Some(3)).unwrap();
    assert_eq!(taken(&mut l).len(), 1);
    l.reactor.set_connection_limit(listener, None).unwrap();
    assert_eq!(taken(&mut l).len(), 2);
}

#[test]
fn a_limited_listener_that_stops_takes_its_backlog_as_places_get_free() {
    let mut l = Loop::new();
    let (listener, address) = l.listen();
    l.reactor.set_connection_limit(listener, Some(1)).unwrap();
    let _peers = [(); 2].map(|()| TcpStream::connect(address).unwrap());
    let first = taken(&mut l);
    l.reactor.stop_listening(listener).unwrap();
    assert!(taken(&mut l).is_empty() && l.reactor.contains(listener));
    l.reactor.close(first[0], false);
    assert_eq!(taken(&mut l).len(), 1);
}
