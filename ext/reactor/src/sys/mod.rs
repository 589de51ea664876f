//! The operating system. All `unsafe` of this crate is below this module.

pub(crate) mod datagrams;
pub(crate) mod errno;
pub(crate) mod family;
pub(crate) mod file;
pub(crate) mod inotify;
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

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
