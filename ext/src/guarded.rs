//! State that the GVL guards, as a lock would.

use std::cell::RefCell;

/// State that only the thread with the GVL may touch.
pub(crate) struct Guarded<T>(RefCell<T>);

// SAFETY: the GVL, which at most one thread has at a time, is what users of it promise to `new`.
unsafe impl<T> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// # Safety
    ///
    /// Every access must be by a thread that has the GVL, be it in Ruby's garbage collection.
    pub(crate) const unsafe fn new(state: T) -> Self {
        Self(RefCell::new(state))
    }

    pub(crate) fn state(&self) -> &RefCell<T> {
        &self.0
    }
}
