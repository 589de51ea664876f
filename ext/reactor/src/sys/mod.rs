//! The operating system. All `unsafe` of this crate is below this module.

pub(crate) mod accept;
pub(crate) mod child;
pub(crate) mod fork;
pub(crate) mod handle;
pub(crate) mod inotify;
pub(crate) mod limits;
pub(crate) mod pidfd;
pub(crate) mod queue;
pub(crate) mod sockaddr;
pub(crate) mod sockopt;
pub(crate) mod user;
