//! A single-threaded event loop for sockets, pipes, timers and child processes.
//!
//! [`Reactor`] is state without waiting; [`Poller`] waits without state. The loop belongs to the
//! caller, who asks for one [`Event`] at a time and may call the reactor again while acting on it.
//! Time is an argument of whatever depends on it.

mod buffers;
mod connect;
mod datagram;
mod deadlines;
mod delivery;
mod departure;
mod descriptor;
mod error;
mod event;
mod file_source;
mod hold;
mod id;
mod listener;
mod lookup;
mod names;
mod outbound;
mod outbox;
mod poller;
mod process;
mod proxy;
mod reactor;
mod resolve;
mod resolver;
mod secure;
mod sockopt;
mod splice;
mod stream;
mod sys;
mod table;
mod timeouts;
mod timers;
pub mod tls;
mod waits;
mod watch;
mod watch_file;

pub use datagram::MAX_DATAGRAM;
pub use error::{Error, Result};
pub use event::{Event, FileChange, Reason};
pub use file_source::open_regular;
pub use id::Id;
pub use lookup::Lookup;
pub use mio::Waker;
pub use outbound::SharedBytes;
pub use poller::Poller;
pub use reactor::{Reactor, Spare};
pub use resolve::{Family, literal, port};
pub use secure::Choice;
pub use sys::handle::RawDescriptor;
pub use sys::limits::descriptor_limit;
pub use sys::user::become_user;
pub use waits::{Begun, Interest, Outcome};
