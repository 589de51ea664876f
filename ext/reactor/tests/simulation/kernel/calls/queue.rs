//! epoll(7), and what goes with it: eventfd(2), pipe(2), splice(2).

use libc::{c_int, c_uint, size_t, ssize_t};

use super::{call, count, fail, number, status};
use crate::kernel::{Kernel, try_with};

#[unsafe(no_mangle)]
extern "C" fn epoll_create1(_flags: c_int) -> c_int {
    number(call(Kernel::epoll_create))
}

/// # Safety
///
/// See epoll_ctl(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_ctl(
    epoll: c_int,
    operation: c_int,
    fd: c_int,
    event: *mut libc::epoll_event,
) -> c_int {
    // SAFETY: callers give an event, or none.
    let event = unsafe { event.as_ref() }.map(|event| (event.events, event.u64));
    status(call(|kernel| kernel.epoll_ctl(epoll, operation, fd, event)))
}

/// # Safety
///
/// See epoll_wait(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_wait(
    epoll: c_int,
    events: *mut libc::epoll_event,
    most: c_int,
    timeout: c_int,
) -> c_int {
    let ready = call(|kernel| kernel.epoll_wait(epoll, most as usize, timeout));
    match ready {
        Ok(ready) => {
            for (index, &(events_of_one, u64)) in ready.iter().enumerate() {
                let event = libc::epoll_event {
                    events: events_of_one,
                    u64,
                };
                // SAFETY: there is room for `most` of them.
                unsafe { events.add(index).write_unaligned(event) };
            }
            ready.len() as c_int
        }
        Err(error) => fail(error),
    }
}

#[unsafe(no_mangle)]
extern "C" fn eventfd(_count: c_uint, _flags: c_int) -> c_int {
    number(call(Kernel::eventfd))
}

/// # Safety
///
/// See pipe2(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn pipe2(ends: *mut c_int, flags: c_int) -> c_int {
    match try_with(Kernel::pipe) {
        Some(Ok([reader, writer])) => {
            // SAFETY: there is room for two numbers.
            unsafe { ends.cast::<[c_int; 2]>().write([reader, writer]) };
            0
        }
        Some(Err(error)) => fail(error),
        // SAFETY: the real call, with the caller's arguments.
        None => unsafe { libc::syscall(libc::SYS_pipe2, ends, flags) as c_int },
    }
}

#[unsafe(no_mangle)]
extern "C" fn splice(
    from: c_int,
    _from_offset: *mut i64,
    to: c_int,
    _to_offset: *mut i64,
    most: size_t,
    _flags: c_uint,
) -> ssize_t {
    count(call(|kernel| kernel.splice(from, to, most)))
}
