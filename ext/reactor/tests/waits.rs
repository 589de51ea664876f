//! Waits for descriptors, times and processes.

#![cfg(unix)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use common::Loop;
use em_reactor::{Begun, Event, Id, Interest, Outcome};

const READABLE: Interest = Interest::READABLE;
const WRITABLE: Interest = Interest::WRITABLE;
const READY: Outcome = Outcome::Ready(READABLE);
const A_WHILE: Duration = Duration::from_millis(20);
const AT_ONCE: Duration = Duration::ZERO;

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (near, far)
}

fn begin(l: &mut Loop, fd: RawFd, interest: Interest, identity: u64, tag: u64) -> Id {
    // SAFETY: every test keeps what it waits for open.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    match l.reactor.wait(fd, interest, Some(identity), tag, None) {
        Ok(Begun::Waiting(id)) => id,
        other => panic!("{other:?}"),
    }
}

fn woken(l: &mut Loop) -> Vec<(u64, Outcome)> {
    std::iter::from_fn(|| l.reactor.next_woken()).collect()
}

fn woken_after(l: &mut Loop, wait: Duration) -> Vec<(u64, Outcome)> {
    l.turn(wait, |_, _| {});
    woken(l)
}

fn is_idle(l: &mut Loop) -> bool {
    l.reactor.wait_count() == 0 && l.reactor.poll_timeout(Instant::now()).is_none()
}

#[test]
fn a_wait_is_woken_once_and_the_descriptor_stays_registered() {
    let mut l = Loop::new();
    let (mut near, mut far) = pair();
    for round in 0..3 {
        begin(&mut l, near.as_raw_fd(), READABLE, 1, round);
        assert_eq!(woken_after(&mut l, AT_ONCE), []);
        far.write_all(b"x").unwrap();
        assert_eq!(woken_after(&mut l, A_WHILE), [(round, READY)]);
        near.read_exact(&mut [0]).unwrap();
        assert_eq!(l.reactor.registration_count(), 1);
        assert!(is_idle(&mut l));
    }
}

#[test]
fn what_was_ready_before_the_wait_is_told() {
    let mut l = Loop::new();
    let (mut near, mut far) = pair();
    begin(&mut l, near.as_raw_fd(), READABLE, 1, 1);
    far.write_all(b"ab").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), [(1, READY)]);
    near.read_exact(&mut [0]).unwrap();
    begin(&mut l, near.as_raw_fd(), READABLE, 1, 2);
    assert_eq!(woken_after(&mut l, A_WHILE), [(2, READY)]);
}

#[test]
fn an_event_that_nobody_waits_for_is_told_once() {
    let mut l = Loop::new();
    let (near, mut far) = pair();
    let id = begin(&mut l, near.as_raw_fd(), READABLE, 1, 1);
    assert!(l.reactor.cancel_wait(id));
    assert!(!l.reactor.cancel_wait(id));
    far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), []);
    assert_eq!(l.reactor.registration_count(), 0);
    l.poller.poll(Some(A_WHILE)).unwrap();
    assert!(l.poller.is_empty());
}

#[test]
fn a_hang_up_that_nobody_waits_for_is_told_once() {
    let mut l = Loop::new();
    let (near, far) = pair();
    let id = begin(&mut l, near.as_raw_fd(), READABLE, 1, 1);
    l.reactor.cancel_wait(id);
    drop(far);
    woken_after(&mut l, A_WHILE);
    l.poller.poll(Some(A_WHILE)).unwrap();
    assert!(l.poller.is_empty());
}

#[test]
fn readers_and_writers_of_one_descriptor_are_told_what_they_wait_for() {
    let mut l = Loop::new();
    let (near, mut far) = pair();
    let fd = near.as_raw_fd();
    begin(&mut l, fd, READABLE, 1, 1);
    begin(&mut l, fd, WRITABLE, 1, 2);
    begin(&mut l, fd, READABLE | WRITABLE, 1, 3);
    let writable = Outcome::Ready(WRITABLE);
    assert_eq!(woken_after(&mut l, A_WHILE), [(2, writable), (3, writable)]);
    begin(&mut l, fd, READABLE, 1, 4);
    // Nobody waits for writability any more, so the loop is at rest.
    assert_eq!(woken_after(&mut l, AT_ONCE), []);
    l.poller.poll(Some(AT_ONCE)).unwrap();
    assert!(l.poller.is_empty());
    far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), [(1, READY), (4, READY)]);
}

#[test]
fn a_wait_that_lasts_too_long_ends_and_never_early() {
    let mut l = Loop::new();
    let (near, _far) = pair();
    let limit = Some((Instant::now(), A_WHILE));
    let start = Instant::now();
    l.reactor
        .wait(near.as_fd(), READABLE, Some(1), 7, limit)
        .unwrap();
    let mut seen = Vec::new();
    while seen.is_empty() {
        seen = woken_after(&mut l, Duration::from_millis(50));
    }
    assert_eq!(seen, [(7, Outcome::TimedOut)]);
    assert!(start.elapsed() >= A_WHILE);
    assert!(is_idle(&mut l));
}

#[test]
fn sleeps_end_in_the_order_of_their_times() {
    let mut l = Loop::new();
    let now = Instant::now();
    for (tag, delay) in [(1, 15), (2, 5), (3, 10), (4, 0)] {
        l.reactor
            .sleep(tag, now, Duration::from_millis(delay))
            .unwrap();
    }
    let cancelled = l.reactor.sleep(5, now, A_WHILE).unwrap();
    assert!(l.reactor.cancel_wait(cancelled));
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.extend(woken_after(&mut l, Duration::from_millis(50)));
    }
    assert_eq!(
        seen.iter().map(|(tag, _)| *tag).collect::<Vec<_>>(),
        [4, 2, 3, 1]
    );
    assert!(is_idle(&mut l));
}

#[test]
fn a_number_that_stands_for_another_file_is_registered_anew() {
    let mut l = Loop::new();
    let (near, _far) = pair();
    let number = near.as_raw_fd();
    begin(&mut l, number, READABLE, 1, 1);
    let (other, mut other_far) = pair();
    // SAFETY: both are open; the number's file is closed by this.
    assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
    begin(&mut l, number, READABLE, 2, 2);
    assert_eq!(woken(&mut l), [(1, Outcome::Closed)]);
    other_far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), [(2, READY)]);
}

#[test]
fn a_wait_for_another_file_by_the_same_number_outlasts_those_for_the_first() {
    let mut l = Loop::new();
    let (near, _far) = pair();
    let number = near.as_raw_fd();
    // The reactor has the number, so that waits are for a duplicate.
    l.reactor.attach(near.as_fd()).unwrap();
    begin(&mut l, number, READABLE, 1, 1);
    let (other, mut other_far) = pair();
    // SAFETY: both are open; the number's file is closed by this.
    assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
    l.reactor.attach(near.as_fd()).unwrap();
    begin(&mut l, number, READABLE, 2, 2);
    assert_eq!(woken(&mut l), [(1, Outcome::Closed)]);
    other_far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), [(2, READY)]);
}

#[test]
fn closing_wakes_who_waits_and_forgets_the_number() {
    let mut l = Loop::new();
    let (near, far) = pair();
    let fd = near.as_raw_fd();
    begin(&mut l, fd, READABLE, 1, 1);
    begin(&mut l, fd, READABLE, 1, 2);
    l.reactor.descriptor_closing(fd);
    assert_eq!(woken(&mut l), [(1, Outcome::Closed), (2, Outcome::Closed)]);
    assert_eq!(l.reactor.registration_count(), 0);
    // A duplicate keeps the file open: the queue would tell of it for ever.
    let duplicate = near.try_clone().unwrap();
    drop(near);
    drop(far);
    l.poller.poll(Some(AT_ONCE)).unwrap();
    assert!(l.poller.is_empty());
    drop(duplicate);
}

#[test]
fn reopening_has_those_who_wait_try_again() {
    let mut l = Loop::new();
    let (near, _far) = pair();
    begin(&mut l, near.as_raw_fd(), READABLE, 1, 1);
    l.reactor.descriptor_reopening(near.as_raw_fd());
    assert!(matches!(woken(&mut l)[..], [(1, Outcome::Ready(_))]));
}

#[test]
fn files_are_always_ready() {
    let mut l = Loop::new();
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let begun = l
        .reactor
        .wait(file.as_fd(), READABLE, None, 1, None)
        .unwrap();
    assert_eq!(begun, Begun::Ready);
    assert_eq!(l.reactor.wait_count(), 0);
}

#[test]
fn what_is_not_open_is_refused() {
    let mut l = Loop::new();
    // SAFETY: nothing has this number, and the system refuses it.
    let fd = unsafe { BorrowedFd::borrow_raw(9999) };
    let error = l.reactor.wait(fd, READABLE, None, 1, None).unwrap_err();
    assert_eq!(error.errno(), Some(libc::EBADF));
    assert_eq!(l.reactor.wait_count(), 0);
}

#[test]
fn a_descriptor_of_the_reactor_can_be_waited_for() {
    let mut l = Loop::new();
    let (near, mut far) = pair();
    let id = l.reactor.attach(near.as_fd()).unwrap();
    begin(&mut l, near.as_raw_fd(), READABLE, 1, 1);
    far.write_all(b"x").unwrap();
    let data =
        l.wait_for(|seen| matches!(seen.event, Event::Data { .. }).then_some(seen.event.clone()));
    assert_eq!(data, Event::Data { id, len: 1 });
    assert_eq!(woken(&mut l), [(1, READY)]);
    // The duplicate is gone with the wait, and the peer sees the end.
    assert_eq!(l.reactor.registration_count(), 0);
    l.reactor.detach(id).unwrap();
    drop(near);
    assert_eq!(far.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_descriptor_that_is_waited_for_can_become_the_reactors() {
    let mut l = Loop::new();
    let (near, mut far) = pair();
    begin(&mut l, near.as_raw_fd(), READABLE, 1, 1);
    let id = l.reactor.attach(near.as_fd()).unwrap();
    far.write_all(b"x").unwrap();
    l.wait_for(|seen| matches!(seen.event, Event::Data { .. }).then_some(()));
    assert_eq!(woken(&mut l), [(1, READY)]);
    assert_eq!(l.reactor.registration_count(), 0);
    l.reactor.detach(id).unwrap();
}

#[test]
fn the_end_of_a_connection_ends_the_waits_for_it() {
    let mut l = Loop::new();
    let (client, server) = l.pair();
    let fd = l.reactor.file_descriptor(client).unwrap();
    begin(&mut l, fd, READABLE, 1, 1);
    l.reactor.close(client, false);
    l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    assert_eq!(woken(&mut l), [(1, Outcome::Closed)]);
    assert_eq!(l.reactor.registration_count(), 0);
    l.wait_for(|seen| {
        matches!(seen.event, Event::Unbound { id, .. } if id == server).then_some(())
    });
}

#[test]
fn the_end_of_a_process_ends_the_wait_for_it() {
    let mut l = Loop::new();
    let mut child = Command::new("true").spawn().unwrap();
    l.reactor.wait_for_exit(child.id() as i32, 1).unwrap();
    let mut seen = Vec::new();
    while seen.is_empty() {
        seen = woken_after(&mut l, Duration::from_millis(200));
    }
    assert_eq!(seen, [(1, READY)]);
    assert_eq!(l.reactor.registration_count(), 0);
    child.wait().unwrap();
    let gone = l.reactor.wait_for_exit(child.id() as i32, 2).unwrap_err();
    assert_eq!(gone.errno(), Some(libc::ESRCH));
}

#[test]
fn a_cancelled_wait_for_a_process_leaves_nothing() {
    let mut l = Loop::new();
    let mut child = Command::new("sleep").arg("10").spawn().unwrap();
    let id = l.reactor.wait_for_exit(child.id() as i32, 1).unwrap();
    assert!(l.reactor.cancel_wait(id));
    assert_eq!(l.reactor.registration_count(), 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(woken_after(&mut l, AT_ONCE), []);
}

#[test]
fn a_stale_event_of_a_number_is_not_told_of_the_next_registration() {
    let mut l = Loop::new();
    let (near, mut far) = pair();
    let number = near.as_raw_fd();
    begin(&mut l, number, READABLE, 1, 1);
    // Another number keeps the file open and, without a word to the reactor, in its queue.
    let kept = near.try_clone().unwrap();
    let (other, _other_far) = pair();
    // SAFETY: both are open; the number's file is closed by this.
    assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
    begin(&mut l, number, READABLE, 2, 2);
    assert_eq!(woken(&mut l), [(1, Outcome::Closed)]);
    far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), []);
    assert_eq!(l.reactor.wait_count(), 1);
    // SAFETY: near owns the number still, and closes it.
    let _ = unsafe { UnixStream::from_raw_fd(libc::dup(number)) };
    drop(kept);
}

#[test]
fn a_file_that_was_closed_without_a_word_is_left_to_an_old_queue() {
    let mut l = Loop::new();
    let (near, mut far) = pair();
    let (other, mut other_far) = pair();
    begin(&mut l, other.as_raw_fd(), READABLE, 1, 1);
    begin(&mut l, near.as_raw_fd(), READABLE, 2, 2);
    let kept = near.try_clone().unwrap();
    drop(near);
    far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), [(2, READY)]);
    let turns = (0..10).take_while(|_| {
        l.turn(A_WHILE, |_, _| {});
        !l.reactor.needs_queue()
    });
    assert!(turns.count() < 10);
    l.poller = l.reactor.adopt().unwrap();
    assert!(!l.reactor.needs_queue());
    l.poller.poll(Some(A_WHILE)).unwrap();
    assert!(l.poller.is_empty());
    other_far.write_all(b"x").unwrap();
    assert_eq!(woken_after(&mut l, A_WHILE), [(1, READY)]);
    drop(kept);
}
