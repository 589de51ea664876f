//! Unix: a descriptor is a small number, whatever it stands for.

pub(crate) mod child;
pub(crate) mod fork;
pub(crate) mod handle;
pub(crate) mod hosts;
pub(crate) mod level;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod passing;
pub(crate) mod socket_file;
pub(crate) mod sockopt;
pub(crate) mod user;

#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
mod kqueue;
#[cfg_attr(
    any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    ),
    path = "procfd.rs"
)]
mod pidfd;
#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
pub(crate) mod vnode;
