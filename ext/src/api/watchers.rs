//! What the watches of lib/em/watches are built on.

use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};
use std::time::{Duration, SystemTime};

use em_reactor::{inotify, wall_clock};
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, method};

use crate::{convert, errors};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    let singleton = module.singleton_class()?;
    singleton.define_private_method("open_wall_clock", method!(open_wall_clock, 0))?;
    singleton.define_private_method("set_wall_clock", method!(set_wall_clock, 2))?;
    singleton.define_private_method("open_inotify", method!(open_inotify, 0))?;
    singleton.define_private_method("add_inotify_watch", method!(add_inotify_watch, 3))?;
    singleton.define_private_method("remove_inotify_watch", method!(remove_inotify_watch, 2))
}

/// A descriptor of the wall clock's, which the caller has to close; Unsupported where there is
/// none.
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
    let clock = borrow(ruby, &clock)?;
    wall_clock::set(clock, since_epoch).map_err(|cause| errors::from(ruby, &cause))
}

/// An inotify descriptor, which the caller has to close; Unsupported where there is none.
fn open_inotify(ruby: &Ruby, _module: RModule) -> Result<RawFd, Error> {
    inotify::open()
        .map(IntoRawFd::into_raw_fd)
        .map_err(|error| refused(ruby, "watching directories", &error))
}

/// Watches a path for the events of a mask, and returns its number.
fn add_inotify_watch(
    ruby: &Ruby,
    _module: RModule,
    inotify: RawFd,
    path: Value,
    mask: u32,
) -> Result<i32, Error> {
    let path = convert::path(ruby, path)?;
    inotify::add(borrow(ruby, &inotify)?, &path, mask)
        .map_err(|error| refused(ruby, &path.display().to_string(), &error))
}

fn remove_inotify_watch(
    ruby: &Ruby,
    _module: RModule,
    inotify: RawFd,
    number: i32,
) -> Result<(), Error> {
    inotify::remove(borrow(ruby, &inotify)?, number);
    Ok(())
}

fn borrow<'a>(ruby: &Ruby, descriptor: &'a RawFd) -> Result<BorrowedFd<'a>, Error> {
    if *descriptor < 0 {
        return Err(errors::argument(
            ruby,
            format!("{descriptor} is no descriptor"),
        ));
    }
    // SAFETY: it is not -1, and only used for the call; any other number is refused by the system.
    Ok(unsafe { BorrowedFd::borrow_raw(*descriptor) })
}

fn refused(ruby: &Ruby, subject: &str, error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(errno) => errors::system(ruby, errno, subject),
        None => errors::own(ruby, "Unsupported", format!("{subject}: {error}")),
    }
}
