//! How the library's own objects have fibers wait, without Ruby's method calls where the scheduler
//! is that of the loop.

use magnus::prelude::*;
use magnus::rb_sys::{AsRawValue, FromRawValue};
use magnus::{Error, Ruby, Value};

use super::{Scheduler, hooks, live, switch};
use crate::convert;
use crate::own::Own;

/// The scheduler by which the running fiber waits; nil where it is one that blocks.
pub(crate) fn current(_ruby: &Ruby) -> Value {
    // SAFETY: takes nothing, and is called with the GVL, of which `Ruby` is the proof.
    unsafe { Value::from_raw(rb_sys::rb_fiber_scheduler_current()) }
}

pub(crate) fn current_fiber(ruby: &Ruby) -> Value {
    switch::value(switch::current(ruby))
}

/// Has the running fiber wait until it is unblocked, or for so many seconds.
pub(crate) fn block(
    ruby: &Ruby,
    scheduler: Value,
    blocker: Value,
    seconds: Option<f64>,
) -> Result<(), Error> {
    match own(ruby, scheduler) {
        Some(own) => {
            let timeout = seconds.map(convert::span);
            hooks::block_for(ruby, own, timeout).map(drop)
        }
        None => scheduler
            .funcall::<_, _, Value>("block", (blocker, seconds))
            .map(drop),
    }
}

/// Ends the wait of a fiber.
pub(crate) fn unblock(
    ruby: &Ruby,
    scheduler: Value,
    blocker: Value,
    fiber: Value,
) -> Result<(), Error> {
    match own(ruby, scheduler) {
        Some(own) => hooks::unblock_fiber(ruby, own, fiber),
        None => scheduler
            .funcall::<_, _, Value>("unblock", (blocker, fiber))
            .map(drop),
    }
}

fn own(ruby: &Ruby, scheduler: Value) -> Option<Own<Scheduler>> {
    live::attached(ruby).filter(|attached| attached.as_raw() == scheduler.as_raw())
}
