//! Reading and writing, as `io_read` and `io_write` of Fiber::Scheduler.

use std::ffi::c_void;

use em_reactor::Interest;
use magnus::prelude::*;
use magnus::rb_sys::{AsRawValue, protect};
use magnus::{Error, RClass, Ruby, TryConvert, Value, method};

use super::waits::Target;
use super::{Scheduler, bind, identity, waits};
use crate::errors;
use crate::own::Own;
use crate::sys::transfers;

pub(super) fn init(ruby: &Ruby, class: RClass) -> Result<(), Error> {
    if !transfers::SUPPORTED {
        return Ok(());
    }
    let version: String = ruby.class_object().const_get("RUBY_VERSION")?;
    // Ruby 4.1 gives the offset before the length, and wants one transfer at most.
    match version_of(&version) >= (4, 1) {
        true => {
            class.define_method("io_read", method!(once::<true>, 4))?;
            class.define_method("io_write", method!(once::<false>, 4))
        }
        false => {
            class.define_method("io_read", method!(all::<true>, -1))?;
            class.define_method("io_write", method!(all::<false>, -1))
        }
    }
}

fn version_of(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

type This = Own<Scheduler>;

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Read,
    Write,
}

impl Way {
    const fn of(reads: bool) -> Self {
        match reads {
            true => Self::Read,
            false => Self::Write,
        }
    }

    fn interest(self) -> Interest {
        match self {
            Self::Read => Interest::READABLE,
            Self::Write => Interest::WRITABLE,
        }
    }
}

fn all<const READS: bool>(ruby: &Ruby, this: This, arguments: &[Value]) -> Result<isize, Error> {
    let (io, buffer, length, offset) = words(ruby, arguments)?;
    transfer(ruby, this, Way::of(READS), io, buffer, length, offset)
}

/// `(io, buffer, length)`, and an offset from Ruby 3.2 on.
fn words(ruby: &Ruby, arguments: &[Value]) -> Result<(Value, Value, usize, usize), Error> {
    let (io, buffer, length, offset) = match *arguments {
        [io, buffer, length] => (io, buffer, length, 0),
        [io, buffer, length, offset] => (io, buffer, length, usize::try_convert(offset)?),
        _ => {
            let message = format!(
                "wrong number of arguments (given {}, expected 3..4)",
                arguments.len()
            );
            return Err(errors::argument(ruby, message));
        }
    };
    Ok((io, buffer, usize::try_convert(length)?, offset))
}

fn once<const READS: bool>(
    ruby: &Ruby,
    this: This,
    io: Value,
    buffer: Value,
    offset: usize,
    length: usize,
) -> Result<isize, Error> {
    let least = length.min(1);
    transfer(ruby, this, Way::of(READS), io, buffer, least, offset)
}

/// Moves at least `length` bytes, unless there are no more; as many as there are where that is 0.
/// How many were moved, or the negative number of the error that there was before any.
fn transfer(
    ruby: &Ruby,
    this: This,
    way: Way,
    io: Value,
    buffer: Value,
    length: usize,
    offset: usize,
) -> Result<isize, Error> {
    let mut moved = 0;
    loop {
        let (fd, base, size) = memory(way, io, buffer)?;
        let Some(room) = size.checked_sub(offset + moved) else {
            return Err(errors::argument(
                ruby,
                format!("offset {offset} is beyond the buffer"),
            ));
        };
        // SAFETY: the buffer has room for so many bytes from there, and Ruby keeps it meanwhile.
        let done = unsafe {
            let base = base.add(offset + moved);
            match way {
                Way::Read => transfers::read(fd, base, room),
                Way::Write => transfers::write(fd, base, room),
            }
        };
        match done {
            Ok(0) => return Ok(moved as isize),
            Ok(count) => {
                moved += count;
                if moved >= length {
                    return Ok(moved as isize);
                }
            }
            Err(transfers::EINTR) => ruby.thread_check_ints()?,
            Err(transfers::EAGAIN) if length > 0 => await_room(ruby, this, way, io, fd)?,
            Err(_) if moved > 0 => return Ok(moved as isize),
            Err(errno) => return Ok(-(errno as isize)),
        }
    }
}

fn await_room(ruby: &Ruby, this: This, way: Way, io: Value, fd: i32) -> Result<(), Error> {
    let target = Target {
        fd,
        interest: way.interest(),
        identity: identity::of(ruby, io)?,
    };
    let limit = identity::timeout(ruby, io)?;
    bind(ruby, this)?;
    match waits::descriptor(ruby, this, target, limit)?.is_empty() {
        true => Err(identity::timeout_error(ruby)),
        false => Ok(()),
    }
}

/// The descriptor of an IO and the memory of an IO::Buffer; an exception where one is closed, or
/// the other may not be written to.
fn memory(way: Way, io: Value, buffer: Value) -> Result<(i32, *mut u8, usize), Error> {
    let mut base: *mut c_void = std::ptr::null_mut();
    let mut size = 0;
    let mut fd = -1;
    protect(|| {
        // SAFETY: called under protection with objects; a TypeError where they are something else.
        unsafe {
            fd = rb_sys::rb_io_descriptor(io.as_raw());
            match way {
                Way::Read => rb_sys::rb_io_buffer_get_bytes_for_writing(
                    buffer.as_raw(),
                    &raw mut base,
                    &raw mut size,
                ),
                Way::Write => rb_sys::rb_io_buffer_get_bytes_for_reading(
                    buffer.as_raw(),
                    (&raw mut base).cast(),
                    &raw mut size,
                ),
            }
        }
        rb_sys::Qnil.into()
    })?;
    Ok((fd, base.cast(), size as usize))
}
