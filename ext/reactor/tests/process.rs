//! Child processes: their input, output, and every way to their end; and watches of processes.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers are part of the tests"
)]

mod common;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use common::{Loop, patience};
use em_reactor::{Error, Event, Id, Reactor, Reason};

fn spawn(reactor: &mut Reactor, argv: &[&str]) -> Id {
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    reactor.spawn(&argv[0], &argv).unwrap()
}

fn shell(reactor: &mut Reactor, script: &str) -> Id {
    spawn(reactor, &["sh", "-c", script])
}

/// What a child wrote, and how it and its connection ended.
fn finish(l: &mut Loop, id: Id) -> (Vec<u8>, Option<ExitStatus>, Option<Reason>) {
    let mut output = Vec::new();
    let mut end = None;
    l.run_until(|reactor, seen| {
        match &seen.event {
            Event::Data { id: from, .. } if *from == id => output.extend_from_slice(&seen.data),
            Event::Unbound { id: from, reason } if *from == id => {
                end = Some((reactor.child_status(id), reason.clone()));
            }
            _ => {}
        }
        end.is_some()
    });
    let (status, reason) = end.unwrap();
    (output, status, reason)
}

/// Turns until so many bytes have come from a child.
fn receive(l: &mut Loop, id: Id, count: usize) -> Vec<u8> {
    let mut output = Vec::new();
    l.run_until(|_, seen| {
        if matches!(seen.event, Event::Data { id: from, .. } if from == id) {
            output.extend_from_slice(&seen.data);
        }
        output.len() >= count
    });
    output
}

/// Turns until something comes true of which there is no event.
fn turn_until(l: &mut Loop, condition: impl Fn(&Reactor) -> bool) {
    let start = Instant::now();
    while !condition(&l.reactor) {
        assert!(start.elapsed() < patience(Duration::from_secs(10)));
        l.turn(Duration::from_millis(10), |_, seen| panic!("{seen:?}"));
    }
}

/// The state letter of a process in proc(5); `None` where there is no such process.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

fn is_gone(pid: u32) -> bool {
    state(pid).is_none()
}

#[test]
fn the_end_of_a_child_comes_with_its_status_after_all_its_output() {
    let mut l = Loop::new();
    for (script, code, signal) in [
        ("echo out; exit 0", Some(0), None),
        ("echo out; exit 3", Some(3), None),
        ("echo out; kill -KILL $$", None, Some(libc::SIGKILL)),
        ("echo out; kill -USR1 $$", None, Some(libc::SIGUSR1)),
    ] {
        let id = shell(&mut l.reactor, script);
        let pid = l.reactor.child_pid(id).unwrap();
        assert_eq!(l.reactor.child_status(id), None);
        let (output, status, reason) = finish(&mut l, id);
        let status = status.unwrap();
        assert_eq!(
            (output.as_slice(), reason),
            (&b"out\n"[..], None),
            "{script}"
        );
        assert_eq!((status.code(), status.signal()), (code, signal), "{script}");
        assert!(is_gone(pid));
        // Known for a while yet.
        assert_eq!(l.reactor.child_pid(id), Some(pid));
        assert_eq!(l.reactor.child_status(id), Some(status));
    }
    assert_eq!((l.reactor.count(), l.reactor.closing_count()), (0, 0));
}

#[test]
fn ten_megabytes_come_whole_though_the_child_is_gone_by_then() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "head -c 10000000 /dev/zero; exit 7");
    let (output, status, _) = finish(&mut l, id);
    assert_eq!(output.len(), 10_000_000);
    assert_eq!(status.unwrap().code(), Some(7));
}

#[test]
fn what_is_sent_comes_back_from_cat() {
    let mut l = Loop::new();
    let id = spawn(&mut l.reactor, &["cat"]);
    let sent: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    l.reactor.send(id, &sent).unwrap();
    l.reactor.flush();
    assert!(receive(&mut l, id, sent.len()) == sent);
    l.reactor.close(id, true);
    assert!(finish(&mut l, id).1.unwrap().success());
}

#[test]
fn a_child_that_reads_nothing_loses_no_output() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "head -c 300000 /dev/zero");
    l.reactor.send(id, &vec![0; 5_000_000]).unwrap();
    let (output, status, reason) = finish(&mut l, id);
    assert_eq!((output.len(), reason), (300_000, None));
    assert!(status.unwrap().success());
}

#[test]
fn a_child_without_input_and_output_is_waited_for() {
    let mut l = Loop::new();
    let start = Instant::now();
    let id = shell(&mut l.reactor, "exec <&- >&-; sleep 0.8; exit 5");
    let (_, status, _) = finish(&mut l, id);
    assert_eq!(status.unwrap().code(), Some(5));
    assert!(start.elapsed() >= Duration::from_millis(800));
}

#[test]
fn output_that_a_grandchild_holds_open_is_read_to_its_end() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "(sleep 0.3; echo late) & exit 6");
    let pid = l.reactor.child_pid(id).unwrap();
    turn_until(&mut l, |_| is_gone(pid));
    let (output, status, _) = finish(&mut l, id);
    assert_eq!(output, b"late\n");
    assert_eq!(status.unwrap().code(), Some(6));
}

#[test]
fn closing_ends_a_child_that_reads_by_its_input() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "echo ready; while read -r _; do :; done");
    receive(&mut l, id, 6);
    l.reactor.close(id, false);
    assert_eq!(l.reactor.send(id, b"x").unwrap(), 0);
    assert_eq!(l.reactor.closing_count(), 1);
    assert!(finish(&mut l, id).1.unwrap().success());
    assert_eq!((l.reactor.count(), l.reactor.closing_count()), (0, 0));
}

#[test]
fn closing_terminates_a_child_that_stays_after_half_a_second() {
    let mut l = Loop::new();
    let id = spawn(&mut l.reactor, &["sleep", "60"]);
    l.reactor.close(id, false);
    let start = Instant::now();
    let (_, status, reason) = finish(&mut l, id);
    assert_eq!(status.unwrap().signal(), Some(libc::SIGTERM));
    assert_eq!(reason, None);
    assert!(start.elapsed() >= Duration::from_millis(500));
}

#[test]
fn closing_kills_a_child_that_ignores_sigterm() {
    let mut l = Loop::new();
    let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    let id = shell(&mut l.reactor, script);
    receive(&mut l, id, 6);
    l.reactor.close(id, false);
    let start = Instant::now();
    let (_, status, _) = finish(&mut l, id);
    assert_eq!(status.unwrap().signal(), Some(libc::SIGKILL));
    assert!(start.elapsed() >= Duration::from_millis(1500));
}

#[test]
fn closing_a_connection_whose_child_has_closed_it_already_ends_the_child_too() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "echo ready; exec <&- >&-; exec sleep 60");
    receive(&mut l, id, 6);
    turn_until(&mut l, |reactor| reactor.closing_count() == 1);
    l.reactor.close(id, true);
    let (_, status, _) = finish(&mut l, id);
    assert_eq!(status.unwrap().signal(), Some(libc::SIGTERM));
}

#[test]
fn an_idle_child_is_sent_away_with_the_timeout_as_the_reason() {
    let mut l = Loop::new();
    let id = spawn(&mut l.reactor, &["sleep", "60"]);
    let timeout = Duration::from_millis(50);
    l.reactor.set_inactivity_timeout(id, timeout).unwrap();
    let (_, status, reason) = finish(&mut l, id);
    assert_eq!(status.unwrap().signal(), Some(libc::SIGTERM));
    assert_eq!(reason, Some(Reason::Errno(libc::ETIMEDOUT)));
}

#[test]
fn a_missing_program_is_a_child_that_exits_with_255() {
    let mut l = Loop::new();
    for program in [
        "/nonexistent/program",
        "",
        "/etc/passwd",
        "/etc/passwd/x",
        "/",
    ] {
        let id = spawn(&mut l.reactor, &[program]);
        let pid = l.reactor.child_pid(id).unwrap();
        let (output, status, reason) = finish(&mut l, id);
        assert_eq!((output.as_slice(), reason), (&b""[..], None), "{program}");
        assert_eq!(status.unwrap().code(), Some(255), "{program}");
        assert!(is_gone(pid));
    }
}

#[test]
fn a_script_without_an_interpreter_line_is_run_by_the_shell() {
    use std::os::unix::fs::PermissionsExt;

    let path = std::env::temp_dir().join(format!("em-reactor-script-{}", std::process::id()));
    std::fs::write(&path, "echo script $1\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut l = Loop::new();
    let id = spawn(&mut l.reactor, &[path.to_str().unwrap(), "argument"]);
    let (output, status, _) = finish(&mut l, id);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output, b"script argument\n");
    assert!(status.unwrap().success());
}

#[test]
fn a_child_has_the_name_it_is_told_and_no_more_descriptors_than_any() {
    let mut l = Loop::new();
    l.listen();
    let other = spawn(&mut l.reactor, &["cat"]);
    let argv = ["name", "-c", "echo $0; ls /proc/$$/fd"];
    let plain = Command::new("sh").args(&argv[1..]).output().unwrap();
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let id = l.reactor.spawn(OsStr::new("sh"), &argv).unwrap();
    let (output, ..) = finish(&mut l, id);
    let descriptors = |output: &[u8]| output.iter().filter(|&&byte| byte == b'\n').count() - 1;
    assert!(output.starts_with(b"name\n"));
    assert_eq!(descriptors(&output), descriptors(&plain.stdout));
    l.reactor.close(other, false);
    finish(&mut l, other);
}

#[test]
fn sigpipe_is_not_ignored_in_a_child_though_it_is_here() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "kill -PIPE $$; echo ignored");
    let (output, status, _) = finish(&mut l, id);
    assert_eq!(output, b"");
    assert_eq!(status.unwrap().signal(), Some(libc::SIGPIPE));
}

#[test]
fn two_hundred_children_at_once_leave_neither_zombies_nor_descriptors() {
    let mut l = Loop::new();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let mut pids = Vec::new();
    let mut expected = std::collections::HashMap::new();
    for n in 0..200 {
        let id = shell(&mut l.reactor, &format!("echo {n}; exit {n}"));
        pids.push(l.reactor.child_pid(id).unwrap());
        expected.insert(id, n);
    }
    l.run_until(|reactor, seen| {
        if let Event::Unbound { id, .. } = seen.event {
            let code = reactor.child_status(id).unwrap().code();
            assert_eq!(code, expected.remove(&id));
        }
        expected.is_empty()
    });
    assert!(pids.into_iter().all(is_gone));
    // Other tests of this process open some of their own meanwhile.
    assert!(open() < before + 100);
}

#[test]
fn a_child_that_somebody_else_waited_for_ends_without_a_status() {
    let mut l = Loop::new();
    let id = shell(&mut l.reactor, "exit 3");
    let pid = l.reactor.child_pid(id).unwrap() as i32;
    // SAFETY: waitpid may be given no place for the status.
    assert_eq!(unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) }, pid);
    assert_eq!(finish(&mut l, id), (vec![], None, None));
}

#[test]
fn closing_all_ends_connections_at_once_and_leaves_what_runs() {
    let mut l = Loop::new();
    let script = "trap '' TERM; echo ready; exec sleep 60";
    let stubborn = shell(&mut l.reactor, script);
    receive(&mut l, stubborn, 6);
    let pid = l.reactor.child_pid(stubborn).unwrap();
    let obedient = spawn(&mut l.reactor, &["sleep", "60"]);
    l.reactor.terminate_children();
    while l.reactor.reap_children() > 1 {
        l.poller.poll(Some(Duration::from_millis(20))).unwrap();
        l.reactor.collect(&l.poller, Instant::now());
    }
    assert_eq!(l.reactor.close_all(), [pid]);
    let mut ended = Vec::new();
    l.turn(Duration::ZERO, |reactor, seen| {
        if let Event::Unbound { id, .. } = seen.event {
            ended.push((id, reactor.child_status(id).and_then(|s| s.signal())));
        }
    });
    ended.sort();
    assert_eq!(ended, [(stubborn, None), (obedient, Some(libc::SIGTERM))]);
    assert_eq!(l.reactor.count(), 0);
    assert!(matches!(state(pid), Some('R' | 'S' | 'D')));
    // SAFETY: both take numbers only; the child is ours to wait for.
    unsafe {
        libc::kill(pid as i32, libc::SIGKILL);
        libc::waitpid(pid as i32, std::ptr::null_mut(), 0);
    }
}

#[test]
fn a_detached_child_is_the_callers() {
    let mut l = Loop::new();
    let id = spawn(&mut l.reactor, &["cat"]);
    let pid = l.reactor.child_pid(id).unwrap() as i32;
    let fd = l.reactor.detach(id).unwrap();
    assert_eq!(finish(&mut l, id), (vec![], None, None));
    // SAFETY: the descriptor was just handed over, and the child is ours to wait for.
    unsafe {
        libc::close(fd);
        let mut status = 1;
        assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
        assert_eq!(status, 0);
    }
}

#[test]
fn a_watch_tells_once_that_a_process_has_ended() {
    let mut l = Loop::new();
    let mut process = Command::new("sleep").arg("60").spawn().unwrap();
    let id = l.reactor.watch_process(process.id() as i32).unwrap();
    l.turn(Duration::from_millis(20), |_, seen| panic!("{seen:?}"));
    process.kill().unwrap();
    let mut events = Vec::new();
    l.run_until(|_, seen| {
        events.push(seen.event.clone());
        matches!(seen.event, Event::Unbound { .. })
    });
    assert_eq!(
        events,
        [
            Event::ProcessExited(id),
            Event::Unbound { id, reason: None }
        ]
    );
    // It was not reaped by that.
    assert_eq!(process.wait().unwrap().signal(), Some(libc::SIGKILL));
    assert_eq!(l.reactor.count(), 0);
}

#[test]
fn a_watch_can_be_ended() {
    let mut l = Loop::new();
    let pid = std::process::id() as i32;
    let id = l.reactor.watch_process(pid).unwrap();
    l.reactor.unwatch_process(id).unwrap();
    let event = l.wait_for(|seen| Some(seen.event.clone()));
    assert_eq!(event, Event::Unbound { id, reason: None });
    assert!(matches!(
        l.reactor.unwatch_process(id),
        Err(Error::UnknownId(_))
    ));
    let (listener, _) = l.listen();
    assert!(matches!(
        l.reactor.unwatch_process(listener),
        Err(Error::WrongKind { .. })
    ));
}

#[test]
fn a_watch_of_no_process_names_its_number() {
    let mut l = Loop::new();
    let mut process = Command::new("true").spawn().unwrap();
    process.wait().unwrap();
    let pid = process.id() as i32;
    let error = l.reactor.watch_process(pid).unwrap_err();
    assert_eq!(error.errno(), Some(libc::ESRCH));
    assert!(error.to_string().ends_with(&format!("process {pid}")));
    assert!(l.reactor.watch_process(-1).is_err());
    assert!(l.reactor.watch_process(0).is_err());
}
