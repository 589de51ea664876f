//! What a scheduler waits by: the reactor that runs in its thread, or one of its own.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use em_reactor::{Poller, Reactor, Waker};
use magnus::{Error, Ruby};

use crate::{errors, gvl, instance};

/// A reactor that serves nothing but fibers.
pub(super) struct Own {
    reactor: Reactor,
    /// Taken out while it waits.
    poller: Option<Poller>,
    waker: Arc<Waker>,
    /// Whether it waits without the GVL.
    sleeping: bool,
    /// Whether the last turn had to wait.
    idle: bool,
}

#[derive(Default)]
pub(super) enum Engine {
    /// Bound to a thread at its first use.
    #[default]
    Unbound,
    Own(Box<Own>),
    /// The loop of `EventMachine.run`.
    Attached,
}

/// A wait shorter than this found something ready: looking would have been cheaper.
const SHORT_WAIT: Duration = Duration::from_micros(50);

impl Engine {
    pub(super) fn own(ruby: &Ruby) -> Result<Self, Error> {
        let made = Reactor::new(Instant::now());
        let (reactor, poller) = made.map_err(|error| errors::from(ruby, &error))?;
        Ok(Self::Own(Box::new(Own {
            waker: reactor.waker(),
            reactor,
            poller: Some(poller),
            sleeping: false,
            idle: false,
        })))
    }

    pub(super) fn is_attached(&self) -> bool {
        matches!(self, Self::Attached)
    }

    /// The reactor, to begin or end waits. A signal handler may do so while the loop waits, which
    /// then reckons anew how long.
    pub(super) fn reactor<T>(
        &mut self,
        ruby: &Ruby,
        body: impl FnOnce(&mut Reactor) -> T,
    ) -> Result<T, Error> {
        match self {
            Self::Own(own) => {
                if own.sleeping {
                    own.reactor.advance(Instant::now());
                }
                let result = body(&mut own.reactor);
                own.wake();
                Ok(result)
            }
            Self::Attached => instance::change(ruby, |i| body(&mut i.reactor)),
            Self::Unbound => Err(errors::runtime(ruby, "this scheduler is closed")),
        }
    }

    /// Has the loop look at what is ready, wherever it is.
    pub(super) fn notify(&mut self, ruby: &Ruby) -> Result<(), Error> {
        match self {
            Self::Own(own) => {
                own.wake();
                Ok(())
            }
            Self::Attached => instance::peek(ruby, |instance| {
                instance.fibers_due = true;
                if std::mem::take(&mut instance.sleeping) {
                    let _ = instance.waker.wake();
                }
            })
            .map(drop),
            Self::Unbound => Ok(()),
        }
    }

    pub(super) fn into_reactor(self) -> Option<Reactor> {
        match self {
            Self::Own(own) => Some(own.reactor),
            _ => None,
        }
    }
}

impl Own {
    fn wake(&mut self) {
        if std::mem::take(&mut self.sleeping) {
            // A failure to wake (a full counter) means that a wake-up is pending.
            let _ = self.waker.wake();
        }
    }

    /// Ends the waits whose time is over, and takes the poller out to wait; `busy` is whether there
    /// is something to run. The time to wait is none where there is something to do.
    pub(super) fn begin(&mut self, busy: bool) -> Option<(Poller, Option<Duration>)> {
        if self.reactor.needs_queue() {
            // Where there can be none, the old one goes on.
            if let Ok(poller) = self.reactor.adopt() {
                self.poller = Some(poller);
                self.waker = self.reactor.waker();
            }
        }
        self.reactor.begin_turn(Instant::now());
        // It has no timers but those of waits, which are told of as waits.
        while self.reactor.next_timer().is_some() {}
        let timeout = match busy {
            true => Some(Duration::ZERO),
            false => self.reactor.poll_timeout(Instant::now()),
        };
        let poller = self.poller.take()?;
        let may_wait = timeout != Some(Duration::ZERO);
        self.sleeping = may_wait;
        Some((poller, timeout))
    }

    /// Whether the poller is to be asked before it is waited for.
    pub(super) fn looks_first(&self, timeout: Option<Duration>) -> bool {
        !(self.idle && timeout != Some(Duration::ZERO))
    }

    pub(super) fn end(&mut self, poller: Poller, waited: Option<Duration>) {
        self.sleeping = false;
        if let Some(waited) = waited {
            self.idle = waited > SHORT_WAIT;
        }
        self.reactor.collect(&poller, Instant::now());
        self.poller = Some(poller);
    }
}

/// Polls, and waits where nothing is ready; how long that took, and whether it was interrupted.
pub(super) fn poll(
    ruby: &Ruby,
    poller: &mut Poller,
    looks_first: bool,
    timeout: Option<Duration>,
) -> (
    Option<Duration>,
    em_reactor::Result<()>,
    Result<bool, Error>,
) {
    let mut polled = Ok(());
    if looks_first {
        polled = poller.poll(Some(Duration::ZERO));
    } else {
        poller.clear();
    }
    if polled.is_err() || !poller.is_empty() || timeout == Some(Duration::ZERO) {
        return (None, polled, Ok(false));
    }
    let start = Instant::now();
    let waited = gvl::wait_readable(ruby, poller.as_raw_fd(), timeout);
    if !matches!(waited, Ok(false)) {
        polled = poller.poll(Some(Duration::ZERO));
    }
    (Some(start.elapsed()), polled, waited)
}
