//! What a scheduler waits by: the reactor that runs in its thread, or one of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use em_reactor::{Reactor, Waker};
use magnus::{Error, Ruby};

use crate::sys::queue::Queue;
use crate::{errors, instance};

/// A reactor that serves nothing but fibers.
pub(super) struct Own {
    reactor: Reactor,
    /// Taken out while it waits.
    queue: Option<Queue>,
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
        let waker = reactor.waker();
        Ok(Self::Own(Box::new(Own {
            queue: Some(Queue::new(poller, &waker)),
            waker,
            reactor,
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

    /// Whether a turn of the loop would find nothing to do.
    pub(super) fn is_at_rest(&mut self, ruby: &Ruby, now: Instant) -> bool {
        match self {
            Self::Own(own) => instance::is_at_rest(&mut own.reactor, now),
            Self::Attached => instance::peek(ruby, |instance| instance.is_at_rest(now))
                .is_ok_and(|at_rest| at_rest == Some(true)),
            Self::Unbound => false,
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

    /// Ends the waits whose time is over, and takes the queue out to wait; `busy` is whether there
    /// is something to run. The time to wait is none where there is something to do.
    pub(super) fn begin(&mut self, busy: bool) -> Option<(Queue, Option<Duration>)> {
        if self.reactor.needs_queue() {
            // Where there can be none, the old one goes on.
            if let Ok(poller) = self.reactor.adopt() {
                self.waker = self.reactor.waker();
                self.queue = Some(Queue::new(poller, &self.waker));
            }
        }
        self.reactor.begin_turn(Instant::now());
        // It has no timers but those of waits, which are told of as waits.
        while self.reactor.next_timer().is_some() {}
        let timeout = match busy {
            true => Some(Duration::ZERO),
            false => self.reactor.poll_timeout(Instant::now()),
        };
        let queue = self.queue.take()?;
        let may_wait = timeout != Some(Duration::ZERO);
        self.sleeping = may_wait;
        Some((queue, timeout))
    }

    /// Whether the queue is to be asked before it is waited for.
    pub(super) fn looks_first(&self, timeout: Option<Duration>) -> bool {
        !(self.idle && timeout != Some(Duration::ZERO))
    }

    pub(super) fn end(&mut self, mut queue: Queue, waited: Option<Duration>) {
        self.sleeping = false;
        if let Some(waited) = waited {
            self.idle = waited > SHORT_WAIT;
        }
        self.reactor.collect(&*queue.poller(), Instant::now());
        self.queue = Some(queue);
    }
}

/// Polls, and waits where nothing is ready; how long that took, and whether it was interrupted.
pub(super) fn poll(
    ruby: &Ruby,
    queue: &mut Queue,
    looks_first: bool,
    timeout: Option<Duration>,
) -> (
    Option<Duration>,
    em_reactor::Result<()>,
    Result<bool, Error>,
) {
    let mut polled = Ok(());
    if looks_first {
        polled = queue.poller().poll(Some(Duration::ZERO));
    } else {
        queue.poller().clear();
    }
    if polled.is_err() || !queue.poller().is_empty() || timeout == Some(Duration::ZERO) {
        return (None, polled, Ok(false));
    }
    let start = Instant::now();
    let waited = queue.waiting().wait(ruby, timeout);
    if !matches!(waited, Ok(false)) {
        polled = queue.look();
    }
    (Some(start.elapsed()), polled, waited)
}
