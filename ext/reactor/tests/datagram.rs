//! UDP.

#![allow(clippy::unwrap_used, reason = "the helpers are part of the tests")]

mod common;

use common::Loop;
use em_reactor::{Error, Event, MAX_DATAGRAM};

fn open(l: &mut Loop) -> (em_reactor::Id, std::net::SocketAddr) {
    let id = l
        .reactor
        .open_datagram("127.0.0.1:0".parse().unwrap())
        .unwrap();
    (id, l.local_address(id))
}

#[test]
fn datagrams_keep_their_bounds_and_replies_find_their_way() {
    let mut l = Loop::new();
    let (server, address) = open(&mut l);
    let (client, client_address) = open(&mut l);
    let sizes = [1, 0, 20_000, MAX_DATAGRAM];
    for size in sizes {
        assert_eq!(
            l.reactor
                .send_datagram(client, &vec![1; size], address)
                .unwrap(),
            size
        );
    }
    l.reactor.flush();
    let mut received = Vec::new();
    let mut replies = 0;
    l.run_until(|reactor, seen| {
        match seen.event {
            Event::Data { id, .. } if id == server => {
                received.push(seen.data.len());
                let port = client_address.port().to_be_bytes();
                assert_eq!(reactor.peer_name(server).unwrap()[2..4], port);
                reactor.send(server, b"reply").unwrap();
            }
            Event::Data { .. } => replies += 1,
            _ => {}
        }
        replies == sizes.len()
    });
    assert_eq!(received, sizes);
}

#[test]
fn a_peer_that_does_not_listen_harms_nobody() {
    let mut l = Loop::new();
    let (gone, nobody) = open(&mut l);
    l.reactor.close(gone, false);
    l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    let (server, address) = open(&mut l);
    let (client, _) = open(&mut l);
    for _ in 0..5 {
        l.reactor.send_datagram(client, b"lost", nobody).unwrap();
        l.reactor.flush();
        l.turn(std::time::Duration::from_millis(5), |_, seen| {
            panic!("{seen:?}")
        });
    }
    l.reactor.send_datagram(client, b"found", address).unwrap();
    l.reactor.flush();
    l.wait_for(|seen| (seen.event == Event::Data { id: server, len: 5 }).then_some(()));
}

#[test]
fn what_cannot_be_one_datagram_is_refused() {
    let mut l = Loop::new();
    let (id, address) = open(&mut l);
    let error = l
        .reactor
        .send_datagram(id, &vec![0; MAX_DATAGRAM + 1], address)
        .unwrap_err();
    assert!(matches!(error, Error::DatagramTooLong(65_508)));
    assert_eq!(l.reactor.send(id, b"to nobody yet").unwrap(), 0);
    assert_eq!(l.reactor.outbound_len(id).unwrap(), 0);
}

/// Sends numbered datagrams from both sockets, one from each in turn.
fn send_numbered(
    l: &mut Loop,
    from: [em_reactor::Id; 2],
    to: std::net::SocketAddr,
    numbers: std::ops::Range<u8>,
) {
    for number in numbers {
        let sender = from[usize::from(number % 2)];
        l.reactor.send_datagram(sender, &[number], to).unwrap();
        l.reactor.flush();
    }
}

/// These numbers come in, in their order, and nothing else happens.
fn expect_numbered(l: &mut Loop, at: em_reactor::Id, numbers: std::ops::Range<u8>) {
    let mut received = Vec::new();
    l.run_until(|_, seen| {
        assert!(matches!(seen.event, Event::Data { id, .. } if id == at));
        received.extend_from_slice(&seen.data);
        received.len() == numbers.len()
    });
    assert_eq!(received, numbers.collect::<Vec<u8>>());
}

#[test]
fn many_at_once_keep_their_order_and_their_senders() {
    let mut l = Loop::new();
    let (server, address) = open(&mut l);
    let (even, even_address) = open(&mut l);
    let (odd, odd_address) = open(&mut l);
    let ports = [even_address.port(), odd_address.port()];
    send_numbered(&mut l, [even, odd], address, 0..150);
    let (mut received, mut replies) = (Vec::new(), vec![Vec::new(); 2]);
    l.run_until(|reactor, seen| {
        match seen.event {
            Event::Data { id, .. } if id == server => {
                let name = reactor.peer_name(server).unwrap();
                let port = u16::from_be_bytes([name[2], name[3]]);
                assert_eq!(port, ports[usize::from(seen.data[0] % 2)]);
                received.push(seen.data[0]);
                reactor.send(server, &seen.data).unwrap();
            }
            Event::Data { id, .. } => replies[usize::from(id == odd)].push(seen.data[0]),
            _ => {}
        }
        replies[0].len() + replies[1].len() == 150
    });
    assert_eq!(received, (0..150).collect::<Vec<u8>>());
    assert!(replies[0].iter().copied().eq((0..150).step_by(2)));
    assert!(replies[1].iter().copied().eq((1..150).step_by(2)));
}

/// Pauses a socket in the callback of the first of so many datagrams, lets another one have its own
/// meanwhile, and resumes.
fn pause_amidst(count: u8, more: u8) {
    let mut l = Loop::new();
    let (paused, address) = open(&mut l);
    let (other, other_address) = open(&mut l);
    let (sender, _) = open(&mut l);
    send_numbered(&mut l, [sender, sender], address, 0..count);
    let mut received = Vec::new();
    l.run_until(|reactor, seen| {
        if matches!(seen.event, Event::Data { id, .. } if id == paused) {
            received.push(seen.data[0]);
            reactor.set_paused(paused, true).unwrap();
        }
        !received.is_empty()
    });
    send_numbered(&mut l, [sender, sender], other_address, 100..140);
    send_numbered(&mut l, [sender, sender], address, count..count + more);
    expect_numbered(&mut l, other, 100..140);
    l.reactor.set_paused(paused, false).unwrap();
    assert_eq!(received, [0]);
    expect_numbered(&mut l, paused, 1..count + more);
}

#[test]
fn what_came_along_waits_while_its_socket_is_paused() {
    // Fewer than are taken together, and more; with nothing new meanwhile, and with some.
    for (count, more) in [(10, 0), (10, 5), (16, 0), (40, 0), (40, 10)] {
        pause_amidst(count, more);
    }
}

#[test]
fn what_came_along_waits_for_the_target_of_a_proxy() {
    let mut l = Loop::new();
    let (source, address) = open(&mut l);
    let (sender, _) = open(&mut l);
    let (target, peer) = l.pair();
    l.reactor.set_paused(target, true).unwrap();
    // As much as one datagram brings is the most that may wait.
    l.reactor.start_proxy(source, target, 1, 0).unwrap();
    send_numbered(&mut l, [sender, sender], address, 0..40);
    l.turn(std::time::Duration::from_millis(200), |_, seen| {
        panic!("{seen:?}")
    });
    assert_eq!(l.reactor.proxied_bytes(source).unwrap(), 1);
    l.reactor.set_paused(target, false).unwrap();
    expect_numbered(&mut l, peer, 0..40);
}

#[test]
fn a_share_is_that_of_a_turn() {
    let mut l = Loop::new();
    let (server, address) = open(&mut l);
    let (sender, _) = open(&mut l);
    // So many turns with one each leave the share of the next turn whole.
    for number in 0..63 {
        send_numbered(&mut l, [sender, sender], address, number..number + 1);
        l.wait_for(|seen| (seen.data == [number]).then_some(()));
    }
    send_numbered(&mut l, [sender, sender], address, 100..150);
    let mut received = 0;
    l.turn(std::time::Duration::from_millis(200), |_, seen| {
        assert!(matches!(seen.event, Event::Data { id, .. } if id == server));
        received += 1;
    });
    assert_eq!(received, 50);
}

#[test]
fn what_came_along_goes_with_a_socket_that_is_closed() {
    let mut l = Loop::new();
    let (closed, address) = open(&mut l);
    let (sender, _) = open(&mut l);
    send_numbered(&mut l, [sender, sender], address, 0..10);
    l.run_until(|reactor, seen| {
        if matches!(seen.event, Event::Data { .. }) {
            assert_eq!(seen.data, [0]);
            reactor.close(closed, false);
        }
        matches!(seen.event, Event::Unbound { id, .. } if id == closed)
    });
    let (next, next_address) = open(&mut l);
    send_numbered(&mut l, [sender, sender], next_address, 20..30);
    expect_numbered(&mut l, next, 20..30);
}

#[test]
fn what_was_sent_goes_out_before_the_socket_closes() {
    let mut l = Loop::new();
    let (server, address) = open(&mut l);
    let (client, _) = open(&mut l);
    for number in 0..40 {
        let data = [number; 1_000];
        l.reactor.send_datagram(client, &data, address).unwrap();
    }
    assert_eq!(l.reactor.outbound_len(client).unwrap(), 40_000);
    l.reactor.close(client, true);
    let (mut received, mut closed) = (Vec::new(), false);
    l.run_until(|_, seen| {
        match seen.event {
            Event::Data { id, len: 1_000 } if id == server => received.push(seen.data[0]),
            Event::Unbound { id, .. } => closed = id == client,
            _ => panic!("{seen:?}"),
        }
        closed && received.len() == 40
    });
    assert_eq!(received, (0..40).collect::<Vec<u8>>());
}
