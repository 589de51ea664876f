//! The order of a turn: who had nothing in the last one goes first, and long turns are cut short.

#![allow(clippy::unwrap_used, reason = "a test fails by panics")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::Loop;
use em_reactor::{Event, Id, Reactor};

fn ordered() -> Loop {
    let mut l = Loop::new();
    l.reactor.set_ordered(true);
    l
}

/// Which connections have data in one turn, in their order.
fn told_in_turn(l: &mut Loop, mut after_each: impl FnMut(&mut Reactor, Id)) -> Vec<Id> {
    let mut told = Vec::new();
    l.turn(Duration::from_secs(5), |reactor, seen| {
        if let Event::Data { id, .. } = seen.event {
            told.push(id);
            after_each(reactor, id);
        }
    });
    told
}

fn ask(peer: &mut TcpStream) {
    peer.write_all(b"?").unwrap();
}

#[test]
fn one_that_had_nothing_in_the_last_turn_goes_first() {
    let mut l = ordered();
    let ((regular, mut asks_always), (seldom, mut asks_seldom)) = (l.accepted(), l.accepted());
    ask(&mut asks_always);
    assert_eq!(told_in_turn(&mut l, |_, _| ()), [regular]);
    ask(&mut asks_always);
    ask(&mut asks_seldom);
    assert_eq!(told_in_turn(&mut l, |_, _| ()), [seldom, regular]);
}

#[test]
fn one_that_has_more_than_its_share_goes_last() {
    let mut l = ordered();
    let ((greedy, mut floods), (seldom, mut asks)) = (l.accepted(), l.accepted());
    floods.write_all(&[b'x'; 100_000]).unwrap();
    assert_eq!(told_in_turn(&mut l, |_, _| ()), [greedy]);
    ask(&mut asks);
    assert_eq!(told_in_turn(&mut l, |_, _| ()), [seldom, greedy]);
}

#[test]
fn what_the_others_are_sent_is_written_before() {
    let mut l = ordered();
    let ((regular, mut asks_always), (seldom, mut asks_seldom)) = (l.accepted(), l.accepted());
    ask(&mut asks_always);
    assert_eq!(told_in_turn(&mut l, |_, _| ()), [regular]);
    ask(&mut asks_always);
    ask(&mut asks_seldom);
    asks_seldom.set_nonblocking(true).unwrap();
    let mut was_answered = false;
    // No flush follows the first event.
    l.reactor.begin_turn(Instant::now());
    l.poll(Duration::from_secs(5));
    while let Some(event) = l.next() {
        match event {
            Event::Data { id, .. } if id == seldom => drop(l.reactor.send(id, b"!")),
            Event::Data { id, .. } if id == regular => {
                was_answered = asks_seldom.read(&mut [0; 8]).is_ok();
            }
            _ => {}
        }
    }
    assert!(was_answered);
}

#[test]
fn a_long_turn_leaves_regulars_for_the_next_in_their_order() {
    let mut l = ordered();
    let mut ends: Vec<(Id, TcpStream)> = (0..4).map(|_| l.accepted()).collect();
    let ids: Vec<Id> = ends.iter().map(|(id, _)| *id).collect();
    ends[..3].iter_mut().for_each(|(_, peer)| ask(peer));
    assert_eq!(told_in_turn(&mut l, |_, _| ()), ids[..3]);
    ends[..3].iter_mut().for_each(|(_, peer)| ask(peer));
    let put_off = |reactor: &mut Reactor, _| reactor.put_off_regulars();
    assert_eq!(told_in_turn(&mut l, put_off), ids[..1]);
    let wait = l.reactor.poll_timeout(Instant::now());
    assert_eq!(wait, Some(Duration::ZERO), "they need not wait");
    ends[3..].iter_mut().for_each(|(_, peer)| ask(peer));
    // Nobody is put off for ever, whoever comes before.
    assert_eq!(told_in_turn(&mut l, put_off), [ids[3], ids[1]]);
    assert_eq!(told_in_turn(&mut l, put_off), ids[2..3]);
}
