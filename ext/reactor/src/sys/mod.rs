//! The operating system. All `unsafe` of this crate is below this module.

pub(crate) mod accept;
pub(crate) mod errno;
pub(crate) mod file;
pub(crate) mod inotify;
pub(crate) mod io;
pub(crate) mod queue;
pub(crate) mod sockaddr;
pub(crate) mod socket;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
