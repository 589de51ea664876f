//! Windows: sockets only. Nothing is forked, limited or made another user's there.

pub(crate) mod child;
pub(crate) mod fork;
pub(crate) mod handle;
pub(crate) mod hosts;
pub(crate) mod level;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod passing;
pub(crate) mod socket_file;
pub(crate) mod sockopt;
pub(crate) mod user;

mod pair;
