//! What the watches of lib/em/watches are built on.

use std::io;
use std::time::{Duration, SystemTime};

use em_reactor::{inotify, wall_clock};
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, method};

use crate::sys::{descriptors, words};
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
fn open_wall_clock(ruby: &Ruby, _module: RModule) -> Result<i32, Error> {
    wall_clock::open()
        .map(descriptors::give)
        .map_err(|cause| errors::from(ruby, &cause))
}

/// Has such a descriptor be readable from a Time on, and once the clock is set.
fn set_wall_clock(
    ruby: &Ruby,
    _module: RModule,
    clock: i32,
    time: SystemTime,
) -> Result<(), Error> {
    let since_epoch = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let lent = descriptors::lend(&clock).ok_or_else(|| not_open(ruby, clock))?;
    wall_clock::set(lent, since_epoch).map_err(|cause| errors::from(ruby, &cause))
}

/// An inotify descriptor, which the caller has to close; Unsupported where there is none.
fn open_inotify(ruby: &Ruby, _module: RModule) -> Result<i32, Error> {
    inotify::open()
        .map(descriptors::give)
        .map_err(|error| refused(ruby, "watching directories", &error))
}

/// Watches a path for the events of a mask, and returns its number.
fn add_inotify_watch(
    ruby: &Ruby,
    _module: RModule,
    inotify: i32,
    path: Value,
    mask: u32,
) -> Result<i32, Error> {
    let path = convert::path(ruby, path)?;
    let lent = descriptors::lend(&inotify).ok_or_else(|| not_open(ruby, inotify))?;
    inotify::add(lent, &path, mask)
        .map_err(|error| refused(ruby, &path.display().to_string(), &error))
}

fn remove_inotify_watch(
    ruby: &Ruby,
    _module: RModule,
    inotify: i32,
    number: i32,
) -> Result<(), Error> {
    let lent = descriptors::lend(&inotify).ok_or_else(|| not_open(ruby, inotify))?;
    inotify::remove(lent, number);
    Ok(())
}

fn not_open(ruby: &Ruby, descriptor: i32) -> Error {
    errors::argument(ruby, format!("{descriptor} is no descriptor"))
}

fn refused(ruby: &Ruby, subject: &str, error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(code) => errors::system(ruby, words::errno(code), subject),
        None => errors::own(
            ruby,
            "Unsupported",
            format!("{subject} is not supported on this platform"),
        ),
    }
}
