//! Which open file an IO stands for, and how long it may be waited for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use magnus::prelude::*;
use magnus::rb_sys::{AsRawId, AsRawValue, protect};
use magnus::value::{IntoId, LazyId};
use magnus::{Error, ExceptionClass, Fixnum, Ruby, Value};

use super::seconds;
use super::switch::value;
use crate::sys::limit;

/// No name of an instance variable, so that no program sees it.
static IDENTITY: LazyId = LazyId::new("eventmachine identity");
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that no other IO has; nothing for an IO that does not own its descriptor: C code makes
/// such for a single wait, and closes what they stand for without a word.
pub(super) fn of(ruby: &Ruby, io: Value) -> Result<Option<u64>, Error> {
    let name = (*IDENTITY).into_id_with(ruby).as_raw();
    // SAFETY: called with a live object; where there is no such variable, that is nil.
    let known = value(unsafe { rb_sys::rb_ivar_get(io.as_raw(), name) });
    if let Some(known) = Fixnum::from_value(known) {
        return Ok(Some(known.to_i64() as u64));
    }
    if io.is_frozen() || !io.funcall::<_, _, bool>("autoclose?", ())? {
        return Ok(None);
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let stored = ruby.into_value(number).as_raw();
    // SAFETY: called under protection with live objects.
    protect(|| unsafe { rb_sys::rb_ivar_set(io.as_raw(), name, stored) })?;
    Ok(Some(number))
}

/// An IO's own limit for waits, from Ruby 3.2 on: see `IO#timeout`.
pub(super) fn timeout(ruby: &Ruby, io: Value) -> Result<Option<Duration>, Error> {
    match limit::of(io)? {
        Some(limit) => seconds::duration(ruby, limit),
        None => Ok(None),
    }
}

pub(super) fn timeout_error(ruby: &Ruby) -> Error {
    let class = ruby
        .class_io()
        .const_get::<_, ExceptionClass>("TimeoutError");
    match class {
        Ok(class) => Error::new(class, "Blocking operation timed out!"),
        Err(error) => error,
    }
}
