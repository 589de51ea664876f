//! What one thread waits for, without the GVL, and another opens.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use magnus::{Error, Ruby};

use super::gvl;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: bool,
    /// Whether the thread that waits has something else to do.
    cut: bool,
}

/// The side that waits.
pub(crate) struct Latch(Arc<Shared>);

/// Opens the latch when dropped.
pub(crate) struct Opener(Arc<Shared>);

/// A latch that is closed.
pub(crate) fn pair() -> io::Result<(Latch, Opener)> {
    let shared = Arc::new(Shared::default());
    Ok((Latch(shared.clone()), Opener(shared)))
}

impl Latch {
    /// The same one once more.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.clone()))
    }

    /// Opens it from this side.
    pub(crate) fn open(&self) {
        self.0.set(|state| state.open = true);
    }

    /// Waits until it is open.
    pub(crate) fn wait(&self, ruby: &Ruby) -> Result<(), Error> {
        while !self.0.state().open {
            gvl::without(
                ruby,
                || self.0.wait(),
                || self.0.set(|state| state.cut = true),
            )?;
        }
        Ok(())
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        self.0.set(|state| state.open = true);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn wait(&self) {
        let closed = |state: &mut State| !state.open && !state.cut;
        let waited = self.changed.wait_while(self.state(), closed);
        waited.unwrap_or_else(PoisonError::into_inner).cut = false;
    }
}
