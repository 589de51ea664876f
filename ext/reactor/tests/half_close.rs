//! Connections of which one direction ends before the other.

mod common;

use std::io::{Read, Write};
use std::net::Shutdown;

use common::{Loop, Seen, system};
use em_reactor::{Event, Id, Reason};

fn end_of(wanted: Id) -> impl FnMut(&Seen) -> Option<Option<Reason>> {
    move |seen| match &seen.event {
        Event::Unbound { id, reason } if *id == wanted => Some(reason.clone()),
        _ => None,
    }
}

fn input_end_of(wanted: Id) -> impl FnMut(&Seen) -> Option<()> {
    move |seen| (seen.event == Event::InputEnded(wanted)).then_some(())
}

#[test]
fn a_request_that_ends_by_a_shutdown_is_answered() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let (id, mut peer) = l.accepted();
    peer.write_all(b"request").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let mut events = Vec::new();
    l.run_until(|_, seen| {
        events.push(seen.clone());
        seen.event == Event::InputEnded(id)
    });
    assert_eq!(events[0].data, b"request");
    l.reactor.input_end_told(id, true);
    l.turn(std::time::Duration::ZERO, |_, seen| panic!("{seen:?}"));
    assert_eq!(l.reactor.send(id, b"answer").unwrap(), 6);
    l.reactor.close(id, true);
    assert_eq!(l.wait_for(end_of(id)), None);
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
}

#[test]
fn a_peer_that_sends_before_it_reads_gets_all_that_was_written_before_the_close() {
    // More than the system takes from the program by itself.
    const ANSWER: usize = 10_000_000;
    const REQUEST: usize = 500_000;
    let mut l = Loop::new();
    let (id, mut peer) = l.accepted();
    l.reactor.send(id, &vec![b'a'; ANSWER]).unwrap();
    l.reactor.close(id, true);
    let asking = std::thread::spawn(move || {
        peer.write_all(&vec![b'r'; REQUEST]).unwrap();
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).map(|_| answer.len())
    });
    let mut received = 0;
    let end = l.wait_for(|seen| {
        received += seen.data.len();
        end_of(id)(seen)
    });
    assert_eq!((end, received), (None, REQUEST));
    assert_eq!(asking.join().unwrap().unwrap(), ANSWER);
}

#[test]
#[cfg_attr(windows, ignore = "wine forgets what it has taken")]
fn a_peer_that_has_ended_its_side_gets_all_that_is_sent_after_that() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let (id, mut peer) = l.accepted();
    peer.shutdown(Shutdown::Write).unwrap();
    l.wait_for(input_end_of(id));
    l.reactor.input_end_told(id, true);
    let pieces: Vec<Vec<u8>> = (0..90_u32)
        .map(|piece| {
            (piece * 25_000..(piece + 1) * 25_000)
                .flat_map(u32::to_be_bytes)
                .collect()
        })
        .collect();
    for piece in &pieces {
        l.reactor.send(id, piece).unwrap();
    }
    l.reactor.close(id, true);
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received)
    });
    assert_eq!(l.wait_for(end_of(id)), None);
    assert!(reader.join().unwrap().unwrap() == pieces.concat());
}

#[test]
fn an_owner_that_sends_no_more_ends_the_connection() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let (id, peer) = l.accepted();
    peer.shutdown(Shutdown::Write).unwrap();
    l.wait_for(input_end_of(id));
    l.reactor.input_end_told(id, false);
    assert_eq!(l.wait_for(end_of(id)), None);
}

#[test]
fn the_end_of_the_output_comes_after_what_was_sent() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let (id, mut peer) = l.accepted();
    let sent = vec![7; 4_000_000];
    l.reactor.send(id, &sent).unwrap();
    assert!(l.reactor.close_write(id).unwrap());
    assert!(!l.reactor.close_write(id).unwrap());
    assert_eq!(l.reactor.send(id, b"late").unwrap(), 0);
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        peer.write_all(b"and back").unwrap();
        received
    });
    let mut back = Vec::new();
    let mut told = false;
    l.run_until(|reactor, seen| match &seen.event {
        Event::Data { .. } => {
            back.extend_from_slice(&seen.data);
            false
        }
        Event::InputEnded(_) => {
            told = true;
            // Both directions have ended.
            reactor.input_end_told(id, true);
            false
        }
        Event::Unbound { reason, .. } => {
            assert_eq!(*reason, None);
            true
        }
        _ => false,
    });
    assert!(reader.join().unwrap() == sent);
    assert!(told && back == b"and back");
}

#[test]
fn both_directions_may_end_from_here() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let (id, peer) = l.accepted();
    peer.shutdown(Shutdown::Write).unwrap();
    l.wait_for(input_end_of(id));
    l.reactor.input_end_told(id, true);
    assert!(l.reactor.close_write(id).unwrap());
    assert_eq!(l.wait_for(end_of(id)), None);
}

#[test]
fn a_peer_that_is_reset_after_its_end_is_seen() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let (id, peer) = l.accepted();
    l.reactor.send(id, b"unread").unwrap();
    l.reactor.flush();
    peer.shutdown(Shutdown::Write).unwrap();
    l.wait_for(input_end_of(id));
    l.reactor.input_end_told(id, true);
    // With input unread this is a reset.
    drop(peer);
    let reset = match cfg!(windows) {
        true => system::ECONNRESET,
        false => system::EPIPE,
    };
    assert_eq!(l.wait_for(end_of(id)), Some(Reason::Errno(reset)));
}

#[test]
fn an_output_that_ends_during_the_connect_ends_after_it() {
    let mut l = Loop::new();
    l.reactor.tell_input_ends();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let id = l.reactor.connect_tcp(&[address], None).unwrap();
    l.reactor.send(id, b"early").unwrap();
    assert!(l.reactor.close_write(id).unwrap());
    let (mut peer, _) = listener.accept().unwrap();
    l.wait_for(|seen| (seen.event == Event::Connected(id)).then_some(()));
    let mut received = String::new();
    peer.read_to_string(&mut received).unwrap();
    assert_eq!(received, "early");
}

#[test]
fn what_is_no_connection_has_no_output_to_end() {
    let mut l = Loop::new();
    let (listener, _) = l.listen();
    let error = l.reactor.close_write(listener).unwrap_err();
    assert!(error.to_string().contains("a server"), "{error}");
}
