//! Waiting without the GVL, in calls of the system's that Ruby does not know.

use std::ffi::c_void;

use magnus::rb_sys::protect;
use magnus::{Error, Ruby};

/// Work to do without the GVL, and how another thread cuts it short.
struct Wait<W, C> {
    work: W,
    cut: C,
}

/// Runs `work` while other Ruby threads run. Where this thread is to do something else, `cut` is
/// called, in another thread, and has `work` end soon, also where it has not begun. An error is
/// what was raised in this thread meanwhile.
pub(super) fn without(
    _ruby: &Ruby,
    work: impl FnMut() + Send,
    cut: impl Fn() + Sync,
) -> Result<(), Error> {
    let mut wait = Wait { work, cut };
    protect(|| {
        run(&mut wait);
        rb_sys::Qnil.into()
    })
    .map(drop)
}

/// It raises what was sent to this thread, over frames that have nothing to drop.
fn run<W: FnMut(), C: Fn()>(wait: &mut Wait<W, C>) {
    let data = std::ptr::from_mut(wait).cast::<c_void>();
    // SAFETY: called with the GVL, under protect; both functions get what they were made for, which
    // outlives the call. They have a part of it each.
    unsafe {
        rb_sys::rb_thread_call_without_gvl(Some(work::<W, C>), data, Some(cut::<W, C>), data);
    }
}

unsafe extern "C" fn work<W: FnMut(), C: Fn()>(data: *mut c_void) -> *mut c_void {
    // SAFETY: see `run`.
    let work = unsafe { &mut (*data.cast::<Wait<W, C>>()).work };
    work();
    std::ptr::null_mut()
}

unsafe extern "C" fn cut<W: FnMut(), C: Fn()>(data: *mut c_void) {
    // SAFETY: see `run`.
    let cut = unsafe { &(*data.cast::<Wait<W, C>>()).cut };
    cut();
}
