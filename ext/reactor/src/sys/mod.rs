//! The operating system. All `unsafe` of this crate is below this module.
//!
//! # What a platform provides
//!
//! The rest of the crate is the same everywhere. It uses these modules, each of which has one
//! interface and an implementation for each platform. Where a platform lacks something, the
//! function fails with [`ErrorKind::Unsupported`](std::io::ErrorKind::Unsupported), which becomes
//! [`Error::Unsupported`](crate::Error::Unsupported), or says so by its value, as written below.
//!
//! Each platform has these in a folder of its own, `unix` or `windows`:
//!
//! - `handle`: `Handle`, one open descriptor. It reads, writes, and is registered with mio's queue.
//!   It is closed when dropped, unless it was borrowed. Calls that a signal interrupts are
//!   repeated, and no call raises SIGPIPE. `RawDescriptor` is what the system calls it by.
//! - `child`: `Process`, a child with a socket as standard input and output: start, wait without
//!   blocking, signal. `register` has the queue report its end, and `is_told_of` is false where it
//!   cannot; then the caller looks now and then. `watch` does the same for any process.
//! - `fork`: counts the forks that made this process (`generation`), and those that it made
//!   (`children`). Both stay zero where nothing forks.
//! - `level`: level-triggered registrations, which the waits of fibers use: `add`, `modify`,
//!   `remove`, and `duplicate` for a descriptor that is registered already.
//! - `limits`, `sockopt`, `user`: the limit of descriptors, socket options as bytes, and changing
//!   the user.
//!
//! These are files here, since they differ less:
//!
//! - `arrival`: which local address a datagram came to. `ask` fails where it is unsupported.
//! - `datagrams`: receives and sends many datagrams by one call. `Inbox::new` gives `None` where
//!   they are received one by one.
//! - `errno`: error numbers, by their POSIX names.
//! - `file`: opening files, reading at an offset, telling sockets from files.
//! - `inotify`: watching files, by inotify(7) or kqueue(2). `Inotify::new` fails where it is
//!   unsupported.
//! - `queue`: the names of the queue's system calls, the interest for urgent data (`URGENT`, `None`
//!   where the queue does not report it), and which error means that a file is always ready.
//! - `sigpipe`: a write without SIGPIPE, for what is not a socket. Linux only.
//! - `sockaddr`: addresses as bytes, and paths of Unix sockets.
//! - `socket`: sockets that do not block and are not inherited.
//! - `splice`: moves bytes between sockets without a copy. `Pipe::new` fails where it is
//!   unsupported.
//! - `undelivered`: how many bytes the peer has not acknowledged. None where the system does not
//!   say.

pub(crate) mod arrival;
pub(crate) mod datagrams;
pub(crate) mod errno;
pub(crate) mod family;
pub(crate) mod file;
pub mod inotify;
pub(crate) mod io;
pub(crate) mod queue;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod sigpipe;
pub(crate) mod sockaddr;
// Where socket(2), accept4(2) and send(2) take flags that spare further calls.
#[cfg_attr(
    any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "openbsd"
    ),
    path = "socket_with_flags.rs"
)]
pub(crate) mod socket;
pub(crate) mod splice;
pub(crate) mod undelivered;
pub mod wall_clock;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
