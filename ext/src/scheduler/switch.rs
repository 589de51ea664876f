//! Ruby's calls that go from one fiber to another. Nothing may be borrowed while one is under way,
//! and what stands on the stack meanwhile has no destructor: a fiber may be left there for good.

use magnus::rb_sys::{FromRawValue, protect};
use magnus::{Error, Ruby, Value};
use rb_sys::VALUE;

/// The fiber that runs.
pub(super) fn current(_ruby: &Ruby) -> VALUE {
    // SAFETY: takes nothing, and is called with the GVL, of which `Ruby` is the proof.
    unsafe { rb_sys::rb_fiber_current() }
}

pub(super) fn is_alive(_ruby: &Ruby, fiber: VALUE) -> bool {
    // SAFETY: called with a fiber that is alive as an object.
    unsafe { rb_sys::rb_fiber_alive_p(fiber) == rb_sys::Qtrue.into() }
}

/// Runs a fiber until it yields or ends; an error is what ended it. A new one is given arguments.
pub(super) fn resume(_ruby: &Ruby, fiber: VALUE, arguments: &[VALUE]) -> Result<(), Error> {
    let count = arguments.len() as std::ffi::c_int;
    // SAFETY: called under protection with a live fiber, and arguments that are in use elsewhere.
    protect(|| unsafe { rb_sys::rb_fiber_resume(fiber, count, arguments.as_ptr()) }).map(drop)
}

/// Goes to a fiber, until some fiber comes back here; what that brings.
pub(super) fn transfer(_ruby: &Ruby, fiber: VALUE) -> Result<VALUE, Error> {
    // SAFETY: as for `resume`.
    protect(|| unsafe { rb_sys::rb_fiber_transfer(fiber, 0, std::ptr::null()) })
}

/// As [`transfer`], bringing something.
pub(super) fn transfer_with(_ruby: &Ruby, fiber: VALUE, brought: VALUE) -> Result<(), Error> {
    // SAFETY: as for `resume`, with an argument.
    protect(|| unsafe { rb_sys::rb_fiber_transfer(fiber, 1, &brought) }).map(drop)
}

/// Goes back to who resumed this fiber.
pub(super) fn suspend(_ruby: &Ruby) -> Result<(), Error> {
    // SAFETY: as for `resume`.
    protect(|| unsafe { rb_sys::rb_fiber_yield(0, std::ptr::null()) }).map(drop)
}

/// Raises in a fiber that has yielded.
pub(super) fn raise(_ruby: &Ruby, fiber: VALUE, exception: VALUE) -> Result<(), Error> {
    // SAFETY: as for `resume`; the exception is an argument.
    protect(|| unsafe { rb_sys::rb_fiber_raise(fiber, 1, &exception) }).map(drop)
}

/// As a value of magnus.
pub(crate) fn value(raw: VALUE) -> Value {
    // SAFETY: the values that the scheduler keeps are marked by it.
    unsafe { Value::from_raw(raw) }
}
