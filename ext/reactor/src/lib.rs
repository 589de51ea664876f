//! A single-threaded event loop for sockets, pipes, timers and child processes.
//!
//! [`Reactor`] is state without waiting; [`Poller`] waits without state. The loop belongs to the
//! caller, who asks for one [`Event`] at a time and may call the reactor again while acting on it.
//! Time is an argument of whatever depends on it.

// The modules in layers: each uses those above it in this list only, which `rake layers` checks.

mod histogram;
mod interest;
mod outbox;
pub mod tls;

mod error;

mod id;
mod pace;
mod sys;

mod buffers;
mod event;
mod file_source;
mod poller;
mod resolve;
mod table;

mod batch;
mod calendar;
mod lookup;
mod outbound;
mod resolver;
mod step;

mod deadlines;
mod known;

mod timers;

mod turn;
mod user_timers;

mod base;
mod file_watches;
mod names;
mod waits;

mod datagram;
mod listener;
mod stream;
mod watch;

mod descriptor;

mod reactor;

pub use error::{Error, Result};
pub use event::{Event, FileChange, Reason};
pub use file_source::open_regular;
pub use histogram::Histogram;
pub use id::Id;
pub use interest::Interest;
pub use lookup::Lookup;
pub use mio::Waker;
pub use outbound::SharedBytes;
pub use outbox::MAX_DATAGRAM;
pub use pace::Pace;
pub use poller::Poller;
pub use reactor::{Census, Occupation, Reactor, Spare, open_descriptor};
pub use resolve::{Family, literal, port};
pub use stream::Choice;
pub use sys::handle::{BorrowedDescriptor, RawDescriptor};
pub use sys::inotify;
pub use sys::limits::descriptor_limit;
pub use sys::user::become_user;
pub use sys::wall_clock;
pub use turn::Traffic;
pub use waits::{Begun, Outcome};
