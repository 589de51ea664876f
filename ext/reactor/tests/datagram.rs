//! UDP.

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
