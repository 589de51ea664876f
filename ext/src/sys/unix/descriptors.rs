//! A descriptor is the same number everywhere.

use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd};

use em_reactor::{BorrowedDescriptor, Id, RawDescriptor};
use magnus::{Error, Ruby};

/// What the reactor knows a descriptor by.
#[inline(always)]
pub(crate) fn raw(number: i32) -> RawDescriptor {
    number
}

/// A descriptor by its number.
///
/// # Safety
///
/// It is open for as long as the result is used.
pub(crate) unsafe fn borrow(number: i32) -> BorrowedDescriptor<'static> {
    // SAFETY: as promised by the caller.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Notes that a connection was made of an application's descriptor.
#[inline(always)]
pub(crate) fn attached(_ruby: &Ruby, _id: Id, _number: i32) {}

/// Ruby's number for the descriptor of a connection.
pub(crate) fn number(_ruby: &Ruby, _id: Id, raw: RawDescriptor) -> Result<i32, Error> {
    Ok(raw)
}

/// As [`number`], for a descriptor that the reactor has let go of.
pub(crate) fn detached(_ruby: &Ruby, _id: Id, raw: RawDescriptor) -> Result<i32, Error> {
    Ok(raw)
}

/// Forgets a connection that has ended.
#[inline(always)]
pub(crate) fn ended(_ruby: &Ruby, _id: Id) {}

/// Gives a descriptor to who closes it.
pub(crate) fn give(owned: OwnedFd) -> i32 {
    owned.into_raw_fd()
}

/// A descriptor by its number, for a call; none where that cannot be one.
pub(crate) fn lend(number: &i32) -> Option<BorrowedFd<'_>> {
    // SAFETY: it is not -1, and only used for a call; any other number is refused by the system.
    (*number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(*number) })
}
