//! What the binding takes from the operating system: one interface, with an implementation for each
//! platform.
//!
//! - `descriptors`: numbers of descriptors as Ruby has them, and as the reactor has them.
//! - `files`: reading a file at a position.
//! - `latch`: waiting for another thread, without the GVL.
//! - `limit`: an IO's own limit for waits.
//! - `queue`: the poller of a loop, and waiting for it without the GVL.
//! - `transfers`: reading and writing for fibers, and whether a descriptor is ready.
//! - `words`: error numbers, statuses of processes, and strings as the system has them.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
