//! The doors out of the GVL: waiting for a descriptor, letting others run, and running something else.

use std::ffi::c_void;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use em_reactor::Interrupt;
use magnus::{Error, Ruby, rb_sys};

/// Waits, while other Ruby threads run, until `descriptor` is readable or `timeout` has passed;
/// false where only time passed.
///
/// Ruby's own wait handles signals in the waiting thread; any other way to wait keeps a second thread
/// busy with them. An error is what a signal handler, `Thread#raise` or `Thread#kill` raised.
#[allow(deprecated, reason = "its successor, rb_io_wait, wants an IO object")]
pub(crate) fn wait_readable(descriptor: RawFd, timeout: Option<Duration>) -> Result<bool, Error> {
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

/// Lets other threads run that are ready to. An error is what was raised in this one meanwhile.
pub(crate) fn pass(ruby: &Ruby) -> Result<(), Error> {
    if ruby.thread_alone() {
        return Ok(());
    }
    rb_sys::protect(|| {
        // SAFETY: called with the GVL, under protect, since it raises what was sent to this thread.
        unsafe { ::rb_sys::rb_thread_schedule() };
        ::rb_sys::Qnil.into()
    })
    .map(drop)
}

/// RB_WAITFD_IN of ruby/io.h.
const READABLE: i32 = 1;
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60 * 24);

unsafe extern "C" {
    /// See ruby/thread.h. Does not run `func` where an interrupt is pending, and never unwinds.
    fn rb_thread_call_without_gvl2(
        func: extern "C" fn(*mut c_void) -> *mut c_void,
        data: *mut c_void,
        unblock: Option<extern "C" fn(*mut c_void)>,
        unblock_data: *mut c_void,
    ) -> *mut c_void;
}

/// A call on its way: the closure, then its result.
struct Call<F, T> {
    closure: Option<F>,
    result: Option<std::thread::Result<T>>,
}

/// Runs `closure` while other Ruby threads run; `closure` may touch nothing of Ruby's.
///
/// `unblock` is used, from any thread, when Ruby wants this thread back: for a signal, `Thread#kill`
/// or the end of the process. `None` where the closure did not run because Ruby wanted that already.
/// Interrupts are handled before this returns, so an error may be one that a signal handler raised.
pub(crate) fn without_gvl<F, T>(
    ruby: &Ruby,
    unblock: &Interrupt,
    closure: F,
) -> Result<Option<T>, Error>
where
    F: FnOnce() -> T,
{
    let mut call = Call {
        closure: Some(closure),
        result: None,
    };
    // SAFETY: `call` and `unblock` outlive the call, which returns only after `run` has, and neither
    // `run` nor `wake` touches Ruby. This form of the call never longjmps over this frame.
    unsafe {
        rb_thread_call_without_gvl2(
            run::<F, T>,
            (&raw mut call).cast(),
            Some(wake),
            std::ptr::from_ref(unblock).cast_mut().cast(),
        );
    }
    ruby.thread_check_ints()?;
    match call.result {
        None => Ok(None),
        Some(Ok(result)) => Ok(Some(result)),
        Some(Err(panic)) => std::panic::resume_unwind(panic),
    }
}

extern "C" fn run<F: FnOnce() -> T, T>(data: *mut c_void) -> *mut c_void {
    // SAFETY: `data` is the Call that without_gvl passed, which nobody else touches meanwhile.
    let call = unsafe { &mut *data.cast::<Call<F, T>>() };
    if let Some(closure) = call.closure.take() {
        call.result = Some(catch_unwind(AssertUnwindSafe(closure)));
    }
    std::ptr::null_mut()
}

extern "C" fn wake(data: *mut c_void) {
    // SAFETY: `data` is the interrupt that without_gvl was given, which lives until that returns.
    let interrupt = unsafe { &*data.cast::<Interrupt>() };
    interrupt.send();
}
