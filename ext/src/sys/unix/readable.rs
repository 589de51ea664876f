//! Waiting for a descriptor without the GVL.

use std::os::fd::RawFd;
use std::time::Duration;

use magnus::{Error, Ruby, rb_sys};

/// Waits, while other Ruby threads run, until `descriptor` is readable or `timeout` has passed;
/// false where only time passed.
///
/// Ruby's own wait handles signals in the waiting thread; any other way to wait keeps a second
/// thread busy with them. An error is what a signal handler, `Thread#raise` or `Thread#kill`
/// raised.
#[allow(deprecated, reason = "its successor, rb_io_wait, wants an IO object")]
pub(crate) fn wait(
    _ruby: &Ruby,
    descriptor: RawFd,
    timeout: Option<Duration>,
) -> Result<bool, Error> {
    // Rounded up, since a timer must not fire early; a wait cut short is only begun again.
    let mut limit = timeout.map(|timeout| {
        let timeout = timeout
            .saturating_add(Duration::from_nanos(999))
            .min(LONGEST_WAIT);
        ::rb_sys::timeval {
            tv_sec: timeout.as_secs() as _,
            tv_usec: timeout.subsec_micros() as _,
        }
    });
    let limit = limit
        .as_mut()
        .map_or(std::ptr::null_mut(), std::ptr::from_mut);
    let mut ready = 0;
    rb_sys::protect(|| {
        // SAFETY: called with the GVL, under protect, since it raises; `limit` is null or valid. No
        // value with a destructor lives between here and protect.
        ready = unsafe { ::rb_sys::rb_wait_for_single_fd(descriptor, READABLE, limit) };
        ::rb_sys::Qnil.into()
    })?;
    Ok(ready != 0)
}

/// RB_WAITFD_IN of ruby/io.h.
const READABLE: i32 = 1;
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60 * 24);
