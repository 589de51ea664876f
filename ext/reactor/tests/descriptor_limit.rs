//! Having no descriptor left. The limit is the process's, so this test has a process of its own.

#![cfg(unix)]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use common::Loop;
use em_reactor::Event;

#[test]
fn without_a_free_descriptor_connections_wait_and_nothing_spins() {
    let mut l = Loop::new();
    let (_, address) = l.listen();
    let mut peer = TcpStream::connect(address).unwrap();
    let mut hoard = Vec::new();
    let limit = em_reactor::descriptor_limit(None).unwrap();
    em_reactor::descriptor_limit(Some(64)).unwrap();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hoard.push(file);
    }
    let mut turns = 0;
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_millis(120) {
        turns += 1;
        l.turn(Duration::from_millis(40), |_, seen| panic!("{seen:?}"));
    }
    assert!(turns < 12, "{turns} turns");
    drop(hoard);
    let server = l.wait_for(|seen| match seen.event {
        Event::Accepted { id, .. } => Some(id),
        _ => None,
    });
    em_reactor::descriptor_limit(Some(limit)).unwrap();
    l.reactor.send(server, b"hello").unwrap();
    l.reactor.flush();
    let mut buffer = [0; 5];
    peer.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"hello");
    peer.write_all(b"x").unwrap();
    l.wait_for(|seen| (seen.data == b"x").then_some(()));
}
