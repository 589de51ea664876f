//! Child processes and watches of processes where there are no signals.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "the helpers are part of the tests")]

mod common;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use common::Loop;
use em_reactor::{Event, Id, Reactor};

/// Not a test, but the program that the tests run: it gives back what it gets.
#[test]
#[ignore = "run by the others"]
fn repeat() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    std::io::stdout().write_all(&input).unwrap();
}

const REPEAT: [&str; 4] = ["repeat", "--exact", "--ignored", "--nocapture"];

fn repeater(reactor: &mut Reactor) -> Id {
    let program = std::env::current_exe().unwrap();
    let words = std::iter::once("name").chain(REPEAT);
    let argv: Vec<OsString> = words.map(OsString::from).collect();
    reactor.spawn(program.as_os_str(), &argv).unwrap()
}

/// What a child wrote, and how it ended.
fn finish(l: &mut Loop, id: Id) -> (String, Option<ExitStatus>) {
    let mut output = Vec::new();
    let mut status = None;
    l.run_until(|reactor, seen| {
        output.extend_from_slice(&seen.data);
        status = reactor.child_status(id);
        matches!(seen.event, Event::Unbound { id: ended, .. } if ended == id)
    });
    (String::from_utf8(output).unwrap(), status)
}

#[test]
fn a_child_gets_its_input_and_tells_its_output_and_status() {
    let mut l = Loop::new();
    let id = repeater(&mut l.reactor);
    assert!(l.reactor.child_pid(id).is_some());
    l.reactor.send(id, b"over there").unwrap();
    l.reactor.close_write(id).unwrap();
    let (output, status) = finish(&mut l, id);
    assert!(output.contains("over there"), "{output}");
    assert_eq!(status.unwrap().code(), Some(0));
}

#[test]
fn a_child_that_stays_is_ended() {
    let mut l = Loop::new();
    let id = repeater(&mut l.reactor);
    l.reactor.terminate_children();
    let (_, status) = finish(&mut l, id);
    assert_eq!(status.unwrap().code(), Some(128 + 15));
}

#[test]
fn a_program_that_is_missing_is_refused() {
    let mut l = Loop::new();
    let argv = [OsString::from("there-is-no-such-program")];
    let error = l.reactor.spawn(&argv[0], &argv).unwrap_err();
    assert!(
        error.to_string().contains("there-is-no-such-program"),
        "{error}"
    );
    assert_eq!(l.reactor.count(), 0);
}

#[test]
fn the_end_of_a_process_is_told() {
    let mut l = Loop::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(REPEAT)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ended = l.reactor.watch_process(child.id() as i32).unwrap();
    let left = l.reactor.watch_process(child.id() as i32).unwrap();
    l.reactor.unwatch_process(left).unwrap();
    drop(child.stdin.take());
    l.wait_for(|seen| (seen.event == Event::ProcessExited(ended)).then_some(()));
    child.wait().unwrap();
    assert!(l.reactor.watch_process(i32::MAX).is_err());
}
