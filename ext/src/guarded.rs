//! State that the GVL guards, as a lock would.

use std::cell::{Ref, RefCell};

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

    /// See [`to_mark`].
    pub(crate) fn to_mark(&self) -> Ref<'_, T> {
        to_mark(&self.0)
    }
}

/// State, for the garbage collector to mark what it holds. Nothing of Ruby's runs while state is
/// borrowed. Where that is broken, the process ends: objects that are not marked would be freed
/// while they are in use.
pub(crate) fn to_mark<T>(state: &RefCell<T>) -> Ref<'_, T> {
    state.try_borrow().unwrap_or_else(|_| {
        eprintln!("eventmachine: garbage collection while its state is in use");
        std::process::abort()
    })
}
