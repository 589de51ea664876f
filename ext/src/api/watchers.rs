//! What the watches of lib/em/watches are built on.

use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};
use std::time::{Duration, SystemTime};

use em_reactor::wall_clock;
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, method};

use crate::errors;

pub(super) fn init(module: RModule) -> Result<(), Error> {
    let singleton = module.singleton_class()?;
    singleton.define_private_method("open_wall_clock", method!(open_wall_clock, 0))?;
    singleton.define_private_method("set_wall_clock", method!(set_wall_clock, 2))
}

/// A descriptor of the wall clock's, which the caller has to close; Unsupported where there is none.
fn open_wall_clock(ruby: &Ruby, _module: RModule) -> Result<RawFd, Error> {
    wall_clock::open()
        .map(IntoRawFd::into_raw_fd)
        .map_err(|cause| errors::from(ruby, &cause))
}

/// Has such a descriptor be readable from a Time on, and once the clock is set.
fn set_wall_clock(
    ruby: &Ruby,
    _module: RModule,
    clock: RawFd,
    time: SystemTime,
) -> Result<(), Error> {
    let since_epoch = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    if clock < 0 {
        return Err(errors::argument(ruby, format!("{clock} is no descriptor")));
    }
    // SAFETY: it is no -1, and only used for the call; any other number is refused by the system.
    let clock = unsafe { BorrowedFd::borrow_raw(clock) };
    wall_clock::set(clock, since_epoch).map_err(|cause| errors::from(ruby, &cause))
}
