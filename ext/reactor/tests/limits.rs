//! Back-pressure.

mod common;

use std::io::Read;
use std::time::Duration;

use common::{Loop, Seen};
use em_reactor::{Event, Id};

/// More than the system takes of a connection whose peer does not read.
const MUCH: usize = 16 * 1024 * 1024;

fn crossing_of(id: Id) -> impl FnMut(&Seen) -> Option<Event> {
    move |seen| match seen.event {
        Event::OutboundFull(of) | Event::OutboundDrained(of) if of == id => {
            Some(seen.event.clone())
        }
        _ => None,
    }
}

#[test]
fn each_crossing_is_told_once() {
    let mut l = Loop::new();
    let (id, mut peer) = l.accepted();
    l.reactor.set_outbound_limits(id, 1000, 100).unwrap();
    for _ in 0..3 {
        assert!(!l.reactor.is_outbound_full(id).unwrap());
        l.reactor.send(id, &vec![0; MUCH]).unwrap();
        assert!(l.reactor.is_outbound_full(id).unwrap());
        l.reactor.send(id, b"and more").unwrap();
        l.reactor.flush();
        l.reactor.send(id, b"and more").unwrap();
        assert_eq!(l.wait_for(crossing_of(id)), Event::OutboundFull(id));
        let reader = std::thread::spawn(move || {
            peer.read_exact(&mut vec![0; MUCH + 16]).unwrap();
            peer
        });
        assert_eq!(l.wait_for(crossing_of(id)), Event::OutboundDrained(id));
        assert!(l.reactor.outbound_len(id).unwrap() <= 100);
        peer = loop {
            l.turn(Duration::from_millis(1), |_, seen| panic!("{seen:?}"));
            if reader.is_finished() {
                break reader.join().unwrap();
            }
        };
    }
}

#[test]
fn what_the_system_takes_at_once_is_no_crossing() {
    let mut l = Loop::new();
    let (id, mut peer) = l.accepted();
    l.reactor.set_outbound_limits(id, 1000, 100).unwrap();
    l.reactor.send(id, &[0; 5000]).unwrap();
    l.reactor.flush();
    assert!(!l.reactor.is_outbound_full(id).unwrap());
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    peer.read_exact(&mut [0; 5000]).unwrap();
}

#[test]
fn who_was_told_that_it_is_full_is_told_when_it_is_not() {
    let mut l = Loop::new();
    let (id, mut peer) = l.accepted();
    l.reactor.set_outbound_limits(id, 1000, 100).unwrap();
    for _ in 0..2 {
        l.reactor.send(id, &[0; 5000]).unwrap();
        assert!(l.reactor.is_outbound_full(id).unwrap());
        l.reactor.flush();
        let mut told = Vec::new();
        for _ in 0..2 {
            l.turn(Duration::ZERO, |_, seen| told.push(seen.event.clone()));
        }
        assert_eq!(told, [Event::OutboundFull(id), Event::OutboundDrained(id)]);
        assert!(!l.reactor.is_outbound_full(id).unwrap());
        peer.read_exact(&mut [0; 5000]).unwrap();
    }
}

#[test]
fn one_that_takes_no_more_is_full() {
    let mut l = Loop::new();
    let (id, _peer) = l.accepted();
    l.reactor.set_outbound_limits(id, 1000, 100).unwrap();
    assert!(!l.reactor.is_outbound_full(id).unwrap());
    assert!(l.reactor.close_write(id).unwrap());
    assert!(l.reactor.is_outbound_full(id).unwrap());
    let (id, _peer) = l.accepted();
    assert!(!l.reactor.is_outbound_full(id).unwrap());
    l.reactor.close(id, false);
    assert!(l.reactor.is_outbound_full(id).unwrap());
}

#[test]
fn one_that_is_closed_tells_nothing_but_its_end() {
    let mut l = Loop::new();
    let (id, _peer) = l.accepted();
    l.reactor.set_outbound_limits(id, 1000, 100).unwrap();
    l.reactor.send(id, &vec![0; MUCH]).unwrap();
    l.reactor.flush();
    l.reactor.close(id, false);
    l.run_until(|_, seen| match seen.event {
        Event::Unbound { .. } => true,
        _ => panic!("{seen:?}"),
    });
    assert!(!l.reactor.is_outbound_full(id).is_ok_and(|full| full));
}

#[test]
fn a_source_waits_while_its_target_is_full_and_goes_on_then() {
    let mut l = Loop::new();
    let (target, mut peer) = l.accepted();
    let (near, source) = l.pair();
    l.reactor.set_outbound_limits(target, 1000, 100).unwrap();
    l.reactor.pause_when_full(target, source).unwrap();
    l.reactor.pause_when_full(target, source).unwrap();
    l.reactor.send(target, &vec![0; MUCH]).unwrap();
    l.reactor.flush();
    l.reactor.send(near, b"later").unwrap();
    l.reactor.flush();
    for _ in 0..3 {
        l.turn(Duration::from_millis(10), |_, seen| {
            assert!(!matches!(seen.event, Event::Data { .. }), "{seen:?}")
        });
    }
    // The other direction is not held up.
    l.reactor.send(source, b"back").unwrap();
    l.reactor.flush();
    let back = l.wait_for(|seen| (!seen.data.is_empty()).then(|| seen.data.clone()));
    assert_eq!(back, b"back");
    let reader = std::thread::spawn(move || peer.read_exact(&mut vec![0; MUCH]).unwrap());
    let later = l.wait_for(|seen| (!seen.data.is_empty()).then(|| seen.data.clone()));
    assert_eq!(later, b"later");
    reader.join().unwrap();
}

#[test]
fn a_source_goes_on_where_its_full_target_ends() {
    let mut l = Loop::new();
    let (target, _peer) = l.accepted();
    let (near, source) = l.pair();
    l.reactor.pause_when_full(target, source).unwrap();
    l.reactor.send(target, &vec![0; MUCH]).unwrap();
    l.reactor.send(near, b"later").unwrap();
    l.reactor.flush();
    l.turn(Duration::from_millis(10), |_, seen| {
        assert_eq!(seen.event, Event::OutboundFull(target));
    });
    l.reactor.close(target, false);
    let later = l.wait_for(|seen| (!seen.data.is_empty()).then(|| seen.data.clone()));
    assert_eq!(later, b"later");
}

#[test]
fn reading_stops_and_goes_on_while_writing_does() {
    let mut l = Loop::new();
    let (near, far) = l.pair();
    l.reactor.set_reading(far, false).unwrap();
    l.reactor.send(near, b"there").unwrap();
    l.reactor.send(far, b"back").unwrap();
    l.reactor.flush();
    let first = l.wait_for(|seen| (!seen.data.is_empty()).then(|| seen.data.clone()));
    assert_eq!(first, b"back");
    l.reactor.set_reading(far, true).unwrap();
    let then = l.wait_for(|seen| (!seen.data.is_empty()).then(|| seen.data.clone()));
    assert_eq!(then, b"there");
}

#[test]
fn limits_are_for_connections() {
    let mut l = Loop::new();
    let (listener, _) = l.listen();
    assert!(l.reactor.set_outbound_limits(listener, 2, 1).is_err());
}
