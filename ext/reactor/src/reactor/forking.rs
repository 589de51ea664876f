//! Loops that end, and loops that go on with another queue, such as those that a forked child
//! inherits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Registry, Waker};

use super::Reactor;
use crate::error::Result;
use crate::event::Reason;
use crate::poller::Poller;
use crate::sys::fork;

/// What is left of a loop that has ended: see [`Reactor::retire`].
#[derive(Debug)]
pub struct Spare {
    poller: Poller,
    registry: Registry,
    waker: Arc<Waker>,
    fork_generation: u64,
}

impl Spare {
    /// A new loop. `None` in a fork of the process that the old one was in, whose queue this is,
    /// and where somebody has closed the queue, as those do who close all descriptors there are.
    pub fn start(mut self, now: Instant) -> Option<(Reactor, Poller)> {
        if self.fork_generation != fork::generation()
            || self.poller.poll(Some(Duration::ZERO)).is_err()
        {
            // The numbers of its descriptors may be somebody else's by now.
            std::mem::forget(self);
            return None;
        }
        self.poller.clear();
        let reactor = Reactor::build(self.registry, self.waker, now);
        Some((reactor, self.poller))
    }
}

impl Reactor {
    /// Ends the loop. What it leaves starts the next one for less, where the system's queue is sure
    /// to be empty: a forked child may hold descriptors that are closed here, and keep them in the
    /// queue.
    pub fn retire(self, poller: Poller) -> Option<Spare> {
        let shared = self.is_forked() || self.children_forked != fork::children();
        let waited = self.registration_count() > 0;
        (self.is_empty() && !shared && !waited).then_some(Spare {
            poller,
            registry: self.turn.registry,
            waker: self.waker,
            fork_generation: self.turn.fork_generation,
        })
    }

    /// Whether this process is a fork of the one that runs the loop, and has begun no turn of it.
    /// Its descriptors are then shared with the parent: see [`adopt`](Self::adopt) and
    /// [`abandon`](Self::abandon).
    pub fn is_forked(&self) -> bool {
        self.turn.is_forked()
    }

    /// Whether the queue is this process's own, and not that of one that forked it: see
    /// [`adopt`](Self::adopt), which is to come before anything is opened or changed.
    pub fn has_queue(&self) -> bool {
        self.turn.has_queue()
    }

    /// Whether the loop is to go on with a queue of its own: see [`adopt`](Self::adopt). That is so
    /// in a forked child, and where the queue tells again and again of a file that was closed
    /// without a word and lives on by a duplicate.
    pub fn needs_queue(&self) -> bool {
        !self.has_queue() || self.waits.have_strays()
    }

    /// Goes on with a new queue, which watches all descriptors; in a forked child, in the parent's
    /// place, as a daemon does.
    ///
    /// A descriptor that cannot be watched, as one that its owner closed meanwhile, ends. Where
    /// there can be no queue, nothing has changed.
    pub fn adopt(&mut self) -> Result<Poller> {
        let poller = Poller::new()?;
        let (registry, waker) = (poller.registry()?, poller.waker()?);
        self.files.adopt(&mut self.turn, &registry)?;
        self.waker = waker;
        self.turn.registry = registry;
        self.turn.queue_generation = fork::generation();
        self.children_forked = fork::children();
        self.pipe = None;
        for id in self.descriptors.ids().collect::<Vec<_>>() {
            if let Err(error) = self.register(id) {
                self.end(id, error.errno().map(Reason::Errno));
            }
            self.with_stream(id, |stream, base, turn| stream.adopt_rivals(base, turn));
        }
        self.waits.adopt(&mut self.turn);
        self.names.adopt(&self.waker);
        Ok(poller)
    }

    /// The process that forked this one has ended, as that of a daemon has: what the system tells
    /// is told to this one alone.
    pub fn inherit(&mut self) {
        self.files.inherit();
    }

    /// Closes every descriptor and tells nobody: neither the kernel's queue, which a parent process
    /// may still use, nor the peers.
    pub fn abandon(self) {
        drop(self);
    }
}
