//! Letting other threads have the GVL.

use magnus::{Error, Ruby, rb_sys};

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
