//! The poller of a loop, and waiting for it without the GVL.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use em_reactor::{Poller, Waker};
use magnus::{Error, Ruby};

use super::gvl;
use crate::errors;

/// A poller. Only the thread that runs the loop asks for it, so nobody waits for it but without the
/// GVL.
pub(crate) struct Queue {
    poller: Arc<Mutex<Poller>>,
    waker: Arc<Waker>,
}

impl Queue {
    pub(crate) fn new(poller: Poller, waker: &Arc<Waker>) -> Self {
        Self {
            poller: Arc::new(Mutex::new(poller)),
            waker: waker.clone(),
        }
    }

    pub(crate) fn poller(&mut self) -> MutexGuard<'_, Poller> {
        lock(&self.poller)
    }

    /// The poller; none where somebody waits for it.
    pub(crate) fn into_poller(self) -> Option<Poller> {
        let poller = Arc::into_inner(self.poller)?;
        Some(poller.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a wait needs of it.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting {
            poller: self.poller.clone(),
            waker: self.waker.clone(),
        }
    }

    /// Has the poller have what a wait that was not for nothing has found: it has.
    pub(crate) fn look(&mut self) -> em_reactor::Result<()> {
        Ok(())
    }
}

fn lock(poller: &Mutex<Poller>) -> MutexGuard<'_, Poller> {
    poller.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One wait for a queue.
pub(crate) struct Waiting {
    poller: Arc<Mutex<Poller>>,
    waker: Arc<Waker>,
}

impl Waiting {
    /// Waits, while other Ruby threads run, until something is ready or `timeout` has passed; false
    /// where only time passed. An error is what was raised in this thread meanwhile.
    pub(crate) fn wait(&self, ruby: &Ruby, timeout: Option<Duration>) -> Result<bool, Error> {
        let mut polled = Ok(());
        let raised = gvl::without(
            ruby,
            || polled = lock(&self.poller).poll(timeout),
            || {
                // A failure to wake means that a wake-up is pending.
                let _ = self.waker.wake();
            },
        );
        raised?;
        polled.map_err(|error| errors::from(ruby, &error))?;
        Ok(!lock(&self.poller).is_empty())
    }
}
