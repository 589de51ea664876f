//! Files that are sent, and descriptors that are regular files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod common;

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use common::Loop;
use em_reactor::{Error, Event, Id, Interest, Reason};

/// A file of a test's own.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, contents: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("em-send-{name}-{}", std::process::id()));
        fs::write(&path, contents).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Bytes of which no two pieces are alike.
fn bytes(count: usize) -> Vec<u8> {
    (0..count as u64)
        .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

/// All that comes to `server` until it ends, and why `client` ended.
fn receive_all(l: &mut Loop, client: Id, server: Id) -> (Vec<u8>, Option<Reason>) {
    let mut received = Vec::new();
    let mut why = None;
    let mut ended = 0;
    l.run_until(|_, seen| {
        match &seen.event {
            Event::Data { id, .. } if *id == server => received.extend_from_slice(&seen.data),
            Event::Unbound { id, reason } => {
                ended += 1;
                if *id == client {
                    why = reason.clone();
                }
            }
            _ => {}
        }
        ended == 2
    });
    (received, why)
}

fn is_nonblocking(fd: RawFd) -> bool {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap();
    let flags = info
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .unwrap();
    i32::from_str_radix(flags.trim(), 8).unwrap() & libc::O_NONBLOCK != 0
}

#[test]
fn files_of_any_size_arrive_whole_and_in_order_with_what_is_sent_around_them() {
    let sizes = [0, 1, 65_536, 65_537, 200_000, 9_000_000];
    let files = sizes.map(|size| Temporary::new(&format!("size-{size}"), &bytes(size)));
    let mut l = Loop::new();
    let (client, server) = l.pair();
    let mut expected = Vec::new();
    for (file, size) in files.iter().zip(sizes) {
        l.reactor.send(client, b"before").unwrap();
        assert_eq!(l.reactor.send_file(client, &file.0).unwrap(), size);
        l.reactor.send(client, b"after").unwrap();
        expected.extend_from_slice(b"before");
        expected.extend(bytes(size));
        expected.extend_from_slice(b"after");
        assert_eq!(l.reactor.outbound_len(client).unwrap(), expected.len());
    }
    l.reactor.close(client, true);
    let (received, reason) = receive_all(&mut l, client, server);
    assert!(received == expected);
    assert_eq!(reason, None);
}

#[test]
fn a_long_file_leaves_others_their_turn() {
    let file = Temporary::new("share", &bytes(20_000_000));
    let mut l = Loop::new();
    let (client, server) = l.pair();
    let (other, other_server) = l.pair();
    l.reactor.send_file(client, &file.0).unwrap();
    l.reactor.send(other, b"short").unwrap();
    let mut received = 0;
    l.run_until(|_, seen| {
        if matches!(seen.event, Event::Data { id, .. } if id == server) {
            received += seen.data.len();
        }
        matches!(seen.event, Event::Data { id, .. } if id == other_server)
    });
    assert!(received < 10_000_000, "{received}");
}

#[test]
fn a_short_file_is_sent_as_it_was() {
    let file = Temporary::new("short", b"as it was");
    let mut l = Loop::new();
    let (client, server) = l.pair();
    l.reactor.send_file(client, &file.0).unwrap();
    fs::write(&file.0, "").unwrap();
    l.reactor.close(client, true);
    assert_eq!(receive_all(&mut l, client, server).0, b"as it was");
}

#[test]
fn a_file_made_shorter_while_it_is_sent_ends_its_connection_only() {
    let file = Temporary::new("shorter", &bytes(20_000_000));
    let mut l = Loop::new();
    let (client, server) = l.pair();
    let (other, other_server) = l.pair();
    l.reactor.send_file(client, &file.0).unwrap();
    l.reactor.flush();
    fs::write(&file.0, "").unwrap();
    let (received, reason) = receive_all(&mut l, client, server);
    assert_eq!(reason, Some(Reason::Errno(libc::EIO)));
    assert!(bytes(20_000_000).starts_with(&received) && received.len() < 20_000_000);
    l.reactor.send(other, b"still there").unwrap();
    l.reactor.close(other, true);
    assert_eq!(receive_all(&mut l, other, other_server).0, b"still there");
}

#[test]
fn what_is_appended_later_is_not_sent() {
    let contents = bytes(300_000);
    let file = Temporary::new("longer", &contents);
    let mut l = Loop::new();
    let (client, server) = l.pair();
    l.reactor.send_file(client, &file.0).unwrap();
    let mut appended = fs::File::options().append(true).open(&file.0).unwrap();
    appended.write_all(b"later").unwrap();
    l.reactor.close(client, true);
    assert!(receive_all(&mut l, client, server).0 == contents);
}

#[test]
fn what_is_no_readable_regular_file_is_refused_by_name() {
    let mut l = Loop::new();
    let (client, _) = l.pair();
    let mut refused = |path: &str| {
        let error = l.reactor.send_file(client, Path::new(path)).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
        error.errno()
    };
    assert_eq!(refused("/none"), Some(libc::ENOENT));
    assert_eq!(refused("/"), Some(libc::EISDIR));
    assert_eq!(refused("/dev/zero"), Some(libc::ESPIPE));
    assert_eq!(l.reactor.outbound_len(client).unwrap(), 0);
}

#[test]
fn connections_that_are_closing_or_gone_take_no_file() {
    let file = Temporary::new("closing", &bytes(100_000));
    let mut l = Loop::new();
    let (client, _) = l.pair();
    let (listener, _) = l.listen();
    l.reactor.close(client, false);
    assert_eq!(l.reactor.send_file(client, &file.0).unwrap(), 0);
    assert!(matches!(
        l.reactor.send_file(listener, &file.0),
        Err(Error::WrongKind { .. })
    ));
    l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    assert!(matches!(
        l.reactor.send_file(client, &file.0),
        Err(Error::UnknownId(_))
    ));
}

#[test]
fn an_attached_regular_file_is_read_to_its_end() {
    let contents = bytes(200_001);
    let path = Temporary::new("attached", &contents);
    let file = fs::File::open(&path.0).unwrap();
    let mut l = Loop::new();
    let id = l.reactor.attach(file.as_fd()).unwrap();
    let mut received = Vec::new();
    l.run_until(|_, seen| {
        received.extend_from_slice(&seen.data);
        seen.event == Event::Unbound { id, reason: None }
    });
    assert!(received == contents);
}

#[test]
fn an_attached_regular_file_is_written() {
    let path = Temporary::new("written", b"");
    let file = fs::File::options().write(true).open(&path.0).unwrap();
    let mut l = Loop::new();
    let id = l.reactor.attach(file.as_fd()).unwrap();
    l.turn(std::time::Duration::ZERO, |_, seen| {
        panic!("nothing is to be told of it, not {seen:?}");
    });
    l.reactor.send(id, b"contents").unwrap();
    l.reactor.close(id, true);
    l.wait_for(|seen| (seen.event == Event::Unbound { id, reason: None }).then_some(()));
    assert_eq!(fs::read(&path.0).unwrap(), b"contents");
}

#[test]
fn a_watched_regular_file_is_always_ready() {
    let path = Temporary::new("watched", b"x");
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(&path.0)
        .unwrap();
    let mut l = Loop::new();
    let id = l.reactor.watch(file.as_fd()).unwrap();
    assert!(!is_nonblocking(file.as_raw_fd()));
    l.turn(std::time::Duration::ZERO, |_, seen| {
        panic!("not asked for: {seen:?}");
    });
    let both = Interest::READABLE | Interest::WRITABLE;
    l.reactor.set_notify(id, both, true).unwrap();
    let (mut readable, mut writable) = (0, 0);
    l.run_until(|_, seen| {
        readable += usize::from(seen.event == Event::Readable(id));
        writable += usize::from(seen.event == Event::Writable(id));
        readable >= 3 && writable >= 3
    });
    l.reactor.set_notify(id, both, false).unwrap();
    l.turn(std::time::Duration::ZERO, |_, _| {});
    l.turn(std::time::Duration::ZERO, |_, seen| {
        panic!("no longer asked for: {seen:?}");
    });
    assert_eq!(l.reactor.poll_timeout(std::time::Instant::now()), None);
    l.reactor.detach(id).unwrap();
    l.wait_for(|seen| (seen.event == Event::Unbound { id, reason: None }).then_some(()));
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut contents = String::new();
    file.read_to_string(&mut contents).unwrap();
    assert_eq!(contents, "x");
}

/// The two ends of a pseudo-terminal, as a program and as a terminal see it.
fn terminal() -> (fs::File, fs::File) {
    let (mut program, mut far) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: the descriptors are writable, and openpty may be given no room for the rest.
    let opened = unsafe { libc::openpty(&mut program, &mut far, null, null.cast(), null.cast()) };
    assert_eq!(opened, 0);
    // SAFETY: openpty just made both.
    unsafe { (fs::File::from_raw_fd(far), fs::File::from_raw_fd(program)) }
}

#[test]
fn all_lines_that_a_terminal_has_are_read() {
    let (program, mut keyboard) = terminal();
    keyboard.write_all(b"one\ntwo\nthree\n").unwrap();
    let mut l = Loop::new();
    l.reactor.attach(program.as_fd()).unwrap();
    let mut received = Vec::new();
    l.run_until(|_, seen| {
        received.extend_from_slice(&seen.data);
        received == b"one\ntwo\nthree\n"
    });
}

#[test]
fn a_descriptor_attached_for_a_while_returns_to_the_mode_it_was_in() {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    let fd = reader.as_raw_fd();
    let mut l = Loop::new();
    let id = l.reactor.attach_for_a_while(reader.as_fd()).unwrap();
    assert!(is_nonblocking(fd));
    writer.write_all(b"typed").unwrap();
    l.wait_for(|seen| (seen.data == b"t").then_some(()));
    l.reactor.close(id, false);
    l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    assert!(!is_nonblocking(fd));
    let mut rest = [0; 4];
    (&reader).read_exact(&mut rest).unwrap();
    assert_eq!(&rest, b"yped");

    let id = l.reactor.attach(reader.as_fd()).unwrap();
    l.reactor.close(id, false);
    l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    assert!(is_nonblocking(fd));
    let id = l.reactor.attach_for_a_while(reader.as_fd()).unwrap();
    l.reactor.close(id, false);
    l.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
    assert!(is_nonblocking(fd));
}

#[test]
fn a_descriptor_that_is_attached_twice_stays_open() {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    let mut l = Loop::new();
    let id = l.reactor.attach(reader.as_fd()).unwrap();
    let error = l.reactor.attach(reader.as_fd()).unwrap_err();
    assert_eq!(error.errno(), Some(libc::EEXIST));
    writer.write_all(b"data").unwrap();
    l.wait_for(|seen| (seen.event == Event::Data { id, len: 4 }).then_some(()));
}
