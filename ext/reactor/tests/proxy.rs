//! Proxies: order, limits, back-pressure.

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use common::Loop;
use em_reactor::Event;
use socket2::SockRef;

#[test]
fn a_slow_target_holds_the_source_and_nothing_is_lost() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let (target, target_peer) = l.pair();
    l.reactor.start_proxy(source, target, 50_000, 0).unwrap();
    l.reactor.set_paused(target_peer, true).unwrap();
    let sent: Vec<u8> = (0..20_000_000u32).map(|n| (n % 253) as u8).collect();
    l.reactor.send(source_peer, &sent).unwrap();
    l.reactor.flush();
    for _ in 0..200 {
        l.turn(Duration::from_millis(1), |_, seen| panic!("{seen:?}"));
    }
    let waiting = l.reactor.outbound_len(target).unwrap();
    assert!((50_000..50_000 + 65_536).contains(&waiting), "{waiting}");
    l.reactor.set_paused(target_peer, false).unwrap();
    let mut received = Vec::new();
    l.run_until(|_, seen| {
        received.extend_from_slice(&seen.data);
        received.len() >= sent.len()
    });
    assert!(received == sent);
    assert_eq!(l.reactor.proxied_bytes(source).unwrap(), sent.len() as u64);
}

#[test]
fn a_length_ends_the_proxy_to_the_byte() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let (target, target_peer) = l.pair();
    l.reactor.start_proxy(source, target, 0, 5).unwrap();
    l.reactor.send(source_peer, b"12345678").unwrap();
    l.reactor.flush();
    let mut order = Vec::new();
    l.run_until(|_, seen| {
        match seen.event {
            Event::Data { id, .. } if id == target_peer => assert_eq!(seen.data, b"12345"),
            Event::Data { id, .. } if id == source => order.push(seen.data.clone()),
            Event::ProxyCompleted(id) if id == source => order.push(b"completed".to_vec()),
            _ => {}
        }
        order.len() == 2
    });
    assert_eq!(order, [b"completed".to_vec(), b"678".to_vec()]);
}

#[test]
fn the_end_of_the_target_is_told_and_data_comes_to_the_owner_again() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let (target, _) = l.pair();
    l.reactor.start_proxy(source, target, 0, 0).unwrap();
    l.reactor.close(target, false);
    l.wait_for(|seen| (seen.event == Event::ProxyTargetUnbound(source)).then_some(()));
    l.reactor.send(source_peer, b"back").unwrap();
    l.reactor.flush();
    l.wait_for(|seen| (seen.event == Event::Data { id: source, len: 4 }).then_some(()));
}

#[test]
fn both_directions_at_once() {
    let mut l = Loop::new();
    let (left_peer, left) = l.pair();
    let (right, right_peer) = l.pair();
    l.reactor.start_proxy(left, right, 0, 0).unwrap();
    l.reactor.start_proxy(right, left, 0, 0).unwrap();
    l.reactor.send(left_peer, &vec![1; 1_000_000]).unwrap();
    l.reactor.send(right_peer, &vec![2; 1_000_000]).unwrap();
    l.reactor.flush();
    let (mut at_left, mut at_right) = (0, 0);
    l.run_until(|_, seen| {
        if let Event::Data { id, .. } = seen.event {
            let (count, byte) = if id == left_peer {
                (&mut at_left, 2)
            } else {
                (&mut at_right, 1)
            };
            assert!(seen.data.iter().all(|b| *b == byte));
            *count += seen.data.len();
        }
        at_left == 1_000_000 && at_right == 1_000_000
    });
}

#[test]
fn a_target_that_is_at_its_end_already_is_told_of_at_once() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let (target, _) = l.pair();
    l.reactor.close(target, false);
    l.reactor.start_proxy(source, target, 0, 0).unwrap();
    l.wait_for(|seen| (seen.event == Event::ProxyTargetUnbound(source)).then_some(()));
    l.reactor.send(source_peer, b"back").unwrap();
    l.reactor.flush();
    l.wait_for(|seen| (seen.event == Event::Data { id: source, len: 4 }).then_some(()));
}

#[test]
fn a_source_that_is_at_its_end_already_hears_of_nothing() {
    let mut l = Loop::new();
    let (_, source) = l.pair();
    let (target, target_peer) = l.pair();
    l.reactor.close(source, false);
    l.reactor.start_proxy(source, target, 0, 0).unwrap();
    l.reactor.close(target, false);
    l.run_until(|_, seen| {
        assert_ne!(seen.event, Event::ProxyTargetUnbound(source));
        matches!(seen.event, Event::Unbound { id, .. } if id == target_peer)
    });
}

#[test]
fn a_stream_is_cut_to_what_datagrams_carry() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let [target, receiver] = [(); 2].map(|()| {
        let address = "127.0.0.1:0".parse().unwrap();
        l.reactor.open_datagram(address).unwrap()
    });
    let address = l.local_address(target);
    l.reactor
        .send_datagram(receiver, b"hello", address)
        .unwrap();
    l.reactor.flush();
    l.wait_for(|seen| (seen.event == Event::Data { id: target, len: 5 }).then_some(()));
    l.reactor.start_proxy(source, target, 0, 0).unwrap();
    l.reactor.send(source_peer, &[7; 100_000]).unwrap();
    l.reactor.flush();
    let mut received = 0;
    l.run_until(|_, seen| {
        if let Event::Data { id, len } = seen.event {
            assert_eq!(id, receiver);
            received += len;
        }
        received == 100_000
    });
}

#[test]
fn a_source_that_is_held_goes_on_with_another_target() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let (slow, slow_peer) = l.pair();
    let (target, target_peer) = l.pair();
    l.reactor.set_paused(slow_peer, true).unwrap();
    l.reactor.start_proxy(source, slow, 1, 0).unwrap();
    l.reactor.set_paused(slow, true).unwrap();
    l.reactor.send(source_peer, b"to the slow one").unwrap();
    l.reactor.flush();
    while l.reactor.outbound_len(slow).unwrap() == 0 {
        l.turn(Duration::from_millis(1), |_, seen| panic!("{seen:?}"));
    }
    l.reactor.send(source_peer, b"more").unwrap();
    l.reactor.flush();
    for _ in 0..10 {
        l.turn(Duration::from_millis(1), |_, seen| panic!("{seen:?}"));
    }
    l.reactor.start_proxy(source, target, 0, 0).unwrap();
    l.wait_for(|seen| {
        (seen.event
            == Event::Data {
                id: target_peer,
                len: 4,
            })
        .then_some(())
    });
}

#[test]
fn what_follows_a_length_comes_in_the_same_turn() {
    let mut l = Loop::new();
    let (source_peer, source) = l.pair();
    let (target, target_peer) = l.pair();
    l.reactor.start_proxy(source, target, 0, 1).unwrap();
    l.reactor.send(source_peer, b"I know!").unwrap();
    l.reactor.flush();
    let whole = l.wait_for(|seen| match seen.event {
        Event::Data { id, .. } if id == source => Some(None),
        Event::Data { id, .. } if id == target_peer => Some(Some(seen.data.clone())),
        _ => None,
    });
    assert_eq!(
        whole, None,
        "the target's peer has heard of the first byte before the rest came"
    );
}

/// Those that pass on to each other end, though their peers read nothing, send as much as they can,
/// and go away at once.
#[allow(clippy::unwrap_used, reason = "it fails by panics")]
fn assert_all_end(links: &[(usize, usize)]) {
    let mut l = Loop::new();
    let (listener, address) = l.listen();
    let mut peers = Vec::new();
    let mut ends = Vec::new();
    for _ in links {
        let peer = TcpStream::connect(address).unwrap();
        peer.set_nonblocking(true).unwrap();
        peers.push(peer);
        ends.push(l.wait_for(|seen| match seen.event {
            Event::Accepted { id, .. } => Some(id),
            _ => None,
        }));
    }
    l.reactor.stop_listening(listener).unwrap();
    for &(source, target) in links {
        let (source, target) = (ends[source], ends[target]);
        l.reactor.start_proxy(source, target, 50_000, 0).unwrap();
    }
    let words = [b'x'; 65_536];
    for _ in 0..500 {
        for peer in &mut peers {
            while peer.write(&words).is_ok() {}
        }
        l.turn(Duration::ZERO, |_, _| {});
    }
    for peer in peers {
        SockRef::from(&peer)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
    let mut left = ends.clone();
    l.run_until(|_, seen| {
        left.retain(|id| !matches!(seen.event, Event::Unbound { id: ended, .. } if ended == *id));
        left.is_empty()
    });
}

#[test]
#[cfg_attr(windows, ignore = "wine does not tell of the reset")]
fn those_that_pass_on_to_each_other_end_when_both_peers_go_away() {
    assert_all_end(&[(0, 1), (1, 0)]);
    assert_all_end(&[(0, 1), (1, 2), (2, 0)]);
}

#[test]
#[cfg_attr(windows, ignore = "wine does not tell of the reset")]
fn one_that_passes_on_to_itself_ends_when_its_peer_goes_away() {
    assert_all_end(&[(0, 0)]);
}

#[test]
fn a_listener_that_is_a_target_accepts() {
    let mut l = Loop::new();
    let (source, _) = l.pair();
    let (listener, address) = l.listen();
    l.reactor.start_proxy(source, listener, 0, 0).unwrap();
    let _peer = TcpStream::connect(address).unwrap();
    l.wait_for(|seen| matches!(seen.event, Event::Accepted { .. }).then_some(()));
}
