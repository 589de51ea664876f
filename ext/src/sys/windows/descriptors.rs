//! Ruby knows sockets by numbers of its C library, and the reactor by the system's handles.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::os::windows::io::{BorrowedHandle, BorrowedSocket, IntoRawHandle, OwnedHandle};

use em_reactor::{BorrowedDescriptor, Id, RawDescriptor};
use magnus::{Error, Ruby};

use crate::errors;
use crate::guarded::Guarded;

// See ruby/win32.h.
unsafe extern "C" {
    fn rb_w32_get_osfhandle(number: c_int) -> isize;
    fn rb_w32_wrap_io_handle(handle: *mut c_void, flags: c_int) -> c_int;
    fn rb_w32_unwrap_io_handle(number: c_int) -> c_int;
}

/// O_RDWR and O_BINARY of the C library.
const FLAGS: c_int = 0x2 | 0x8000;

/// Ruby's number for the socket of a connection.
#[derive(Clone, Copy)]
enum Number {
    /// The application's, whose socket it is.
    Its(i32),
    /// Made here, for a socket of the reactor's.
    Ours(i32),
}

struct Numbers(Option<HashMap<Id, Number>>);

// SAFETY: every access comes with a `&Ruby`: proof that the calling thread holds the GVL.
static NUMBERS: Guarded<Numbers> = unsafe { Guarded::new(Numbers(None)) };

fn numbers<T>(_ruby: &Ruby, body: impl FnOnce(&mut HashMap<Id, Number>) -> T) -> T {
    body(NUMBERS.state().borrow_mut().0.get_or_insert_default())
}

/// What the reactor knows a descriptor by; what is none is refused where it is used.
pub(crate) fn raw(number: i32) -> RawDescriptor {
    // SAFETY: it takes any number, and gives -1 for what is no descriptor.
    unsafe { rb_w32_get_osfhandle(number) as RawDescriptor }
}

/// A descriptor by its number.
///
/// # Safety
///
/// It is open for as long as the result is used.
pub(crate) unsafe fn borrow(number: i32) -> BorrowedDescriptor<'static> {
    // SAFETY: as promised by the caller.
    unsafe { BorrowedSocket::borrow_raw(raw(number)) }
}

/// Notes that a connection was made of an application's descriptor.
pub(crate) fn attached(ruby: &Ruby, id: Id, number: i32) {
    numbers(ruby, |all| all.insert(id, Number::Its(number)));
}

/// Ruby's number for the descriptor of a connection.
pub(crate) fn number(ruby: &Ruby, id: Id, raw: RawDescriptor) -> Result<i32, Error> {
    match numbers(ruby, |all| all.get(&id).copied()) {
        Some(Number::Its(number) | Number::Ours(number)) => Ok(number),
        None => {
            let number = wrap(ruby, raw)?;
            numbers(ruby, |all| all.insert(id, Number::Ours(number)));
            Ok(number)
        }
    }
}

/// As [`number`], for a descriptor that the reactor has let go of.
pub(crate) fn detached(ruby: &Ruby, id: Id, raw: RawDescriptor) -> Result<i32, Error> {
    match numbers(ruby, |all| all.remove(&id)) {
        Some(Number::Its(number) | Number::Ours(number)) => Ok(number),
        None => wrap(ruby, raw),
    }
}

fn wrap(ruby: &Ruby, raw: RawDescriptor) -> Result<i32, Error> {
    // SAFETY: it takes any handle, and fails for what is none.
    match unsafe { rb_w32_wrap_io_handle(raw as *mut c_void, FLAGS) } {
        -1 => Err(errors::runtime(ruby, "there is no number left for it")),
        number => Ok(number),
    }
}

/// Forgets a connection that has ended.
pub(crate) fn ended(ruby: &Ruby, id: Id) {
    if let Some(Number::Ours(number)) = numbers(ruby, |all| all.remove(&id)) {
        // SAFETY: the number was made by wrap, and is given up; the socket is the reactor's to
        // close.
        unsafe { rb_w32_unwrap_io_handle(number) };
    }
}

/// Gives a descriptor to who closes it.
pub(crate) fn give(owned: OwnedHandle) -> i32 {
    // SAFETY: the handle is given up to the number.
    unsafe { rb_w32_wrap_io_handle(owned.into_raw_handle(), FLAGS) }
}

/// A descriptor by its number, for a call; none where that cannot be one.
pub(crate) fn lend(number: &i32) -> Option<BorrowedHandle<'_>> {
    match raw(*number) {
        RawDescriptor::MAX => None,
        // SAFETY: it is open as long as the number, and only used for a call.
        handle => Some(unsafe { BorrowedHandle::borrow_raw(handle as *mut c_void) }),
    }
}
