//! What there is, and how many bytes came and went.

mod common;

use std::io::{Read, Write};

use common::Loop;
use em_reactor::{Census, Event, Traffic};

fn received(l: &mut Loop, mut count: usize) {
    l.run_until(|_, seen| {
        count -= seen.data.len();
        count == 0
    });
}

#[test]
fn each_kind_is_counted_apart() {
    let mut l = Loop::new();
    let (_accepted, _peer) = l.accepted();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = elsewhere.local_addr().unwrap();
    l.reactor.connect_tcp(&[address], None).unwrap();
    assert_eq!(l.reactor.census().connecting, 1);
    l.wait_for(|seen| matches!(seen.event, Event::Connected(_)).then_some(()));
    let minute = std::time::Duration::from_secs(60);
    l.reactor.add_timer(l.reactor.now(), minute).unwrap();
    assert_eq!(
        l.reactor.census(),
        Census {
            accepted: 1,
            connected: 1,
            servers: 1,
            timers: 1,
            ..Census::default()
        }
    );
}

#[test]
fn what_waits_to_be_written_is_in_the_census_and_not_in_the_traffic() {
    let mut l = Loop::new();
    let (id, mut peer) = l.accepted();
    l.reactor.send(id, b"abc").unwrap();
    assert_eq!(l.reactor.census().outbound, 3);
    assert_eq!(l.reactor.traffic(), Traffic::default());
    l.reactor.flush();
    assert_eq!(l.reactor.census().outbound, 0);
    peer.write_all(b"defgh").unwrap();
    received(&mut l, 5);
    let traffic = Traffic {
        received: 5,
        sent: 3,
    };
    assert_eq!(l.reactor.traffic(), traffic);
}

#[test]
fn what_is_written_before_a_close_counts() {
    let mut l = Loop::new();
    let (id, mut peer) = l.accepted();
    l.reactor.send(id, b"abc").unwrap();
    l.reactor.close(id, false);
    assert_eq!(l.reactor.traffic().sent, 3);
    let (id, _) = l.accepted();
    l.reactor.send(id, b"abcd").unwrap();
    l.reactor.close_all();
    assert_eq!(l.reactor.traffic().sent, 7);
    peer.read_exact(&mut [0; 3]).unwrap();
}

#[test]
fn what_a_proxy_passes_on_counts_in_both_directions() {
    const SIZE: usize = 1 << 20;
    let mut l = Loop::new();
    let (source, mut sender) = l.accepted();
    let (target, mut receiver) = l.accepted();
    l.reactor.start_proxy(source, target, 0, 0).unwrap();
    let writer = std::thread::spawn(move || {
        sender.write_all(&vec![1; SIZE]).unwrap();
        sender
    });
    let reader = std::thread::spawn(move || receiver.read_exact(&mut vec![0; SIZE]).unwrap());
    while !reader.is_finished() {
        l.turn(std::time::Duration::from_millis(1), |_, _| {});
    }
    let (_sender, ()) = (writer.join().unwrap(), reader.join().unwrap());
    let traffic = Traffic {
        received: SIZE as u64,
        sent: SIZE as u64,
    };
    assert_eq!(l.reactor.traffic(), traffic);
}

#[test]
fn datagrams_count() {
    let mut l = Loop::new();
    let one = l
        .reactor
        .open_datagram("127.0.0.1:0".parse().unwrap())
        .unwrap();
    let address = l.local_address(one);
    l.reactor.send_datagram(one, b"hello", address).unwrap();
    received(&mut l, 5);
    let traffic = Traffic {
        received: 5,
        sent: 5,
    };
    assert_eq!(l.reactor.traffic(), traffic);
    assert_eq!(l.reactor.census().datagrams, 1);
}
