//! The state of the loop, and the order of one turn.

mod ending;
mod registration;

pub(crate) use registration::token;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Registry, Token, Waker};

use crate::buffers::Buffers;
use crate::connect::{ATTEMPT_DELAY, RESOLUTION_DELAY};
use crate::datagram::Batch;
use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::{Id, Space};
use crate::names::Names;
use crate::poller::{FILES, Poller, WAKE};
use crate::process::{Children, EXIT};
use crate::sys::handle::RawDescriptor;
use crate::sys::splice::Pipe;
use crate::sys::{errno, fork};
use crate::table::Table;
use crate::timers::Timers;
use crate::waits::{self, Waits};
use crate::watch_file::FileWatches;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// A timer of the user's.
    User,
    /// A descriptor's inactivity timeout.
    Inactivity(Id),
    /// A descriptor's time to get connected.
    Connect(Id),
    /// A connect that could not start yet is tried again.
    RetryConnect(Id),
    /// The next address of a connect is tried.
    NextAttempt(Id),
    /// A name is resolved for as long as that may take.
    Resolution(u64),
    /// A listener that found no free descriptor tries again.
    RetryAccept(Id),
    /// The child of a connection that was closed is told so.
    Dismissal(Id),
    /// A peer may have all that was written since this time, and its connection may close.
    Delivery(Id, Instant),
    /// A child may have ended, where the system does not tell.
    ChildCheck(Id),
    /// A watched file is missing for so long that nothing takes its place.
    FileMissing(Id),
    /// A wait has lasted as long as it may.
    Wait(Id),
}

/// An event loop without the waiting: descriptors, timers and what is to be done for them.
///
/// One turn is: [`begin_turn`](Self::begin_turn); [`next_timer`](Self::next_timer) until it gives
/// none; [`Poller::poll`] for at most [`poll_timeout`](Self::poll_timeout);
/// [`collect`](Self::collect); [`next_event`](Self::next_event) until it gives none, then
/// [`next_end`](Self::next_end) likewise. After each event acted upon, [`flush`](Self::flush) writes what
/// was sent.
#[derive(Debug)]
pub struct Reactor {
    pub(crate) registry: Registry,
    pub(crate) waker: Arc<Waker>,
    pub(crate) descriptors: Table<Descriptor>,
    /// How many descriptors were made in all.
    made: u64,
    pub(crate) files: FileWatches,
    pub(crate) waits: Waits,
    pub(crate) names: Names,
    pub(crate) attempt_delay: Duration,
    pub(crate) resolution_delay: Duration,
    pub(crate) timers: Timers<Deadline>,
    pub(crate) user_timers: usize,
    pub(crate) timer_limit: usize,
    /// The last of the user's timers that fired, and when it was due.
    pub(crate) fired: Option<(Id, Instant)>,
    timer_mark: u64,
    /// Descriptors to work on in this turn, and those whose share of it is used up.
    ready: VecDeque<Id>,
    carried: VecDeque<Id>,
    unbound: VecDeque<(Id, Option<Reason>)>,
    /// How many ends are told of yet in this turn, once that has begun.
    unbound_share: Option<usize>,
    /// Who watches the descriptors that are somebody else's.
    borrowed: HashMap<RawDescriptor, Id>,
    /// Events that come before those of descriptors.
    pub(crate) notices: VecDeque<Event>,
    /// Those to write to, in the order in which they were sent to.
    dirty: VecDeque<Id>,
    /// Those that end after the next poll.
    pub(crate) departing: Vec<Id>,
    /// Those that have both read and written all there is, and end with the turn.
    pub(crate) finished: Vec<Id>,
    pub(crate) buffers: Buffers,
    /// What goes from socket to socket goes by this; empty in between.
    pub(crate) pipe: Option<Pipe>,
    /// Where datagrams are taken to, of one socket at a time.
    pub(crate) batch: Option<Batch>,
    pub(crate) closing: usize,
    /// Listeners that wait for a free descriptor.
    starved: Vec<(Id, Option<Id>)>,
    /// Child processes of connections that are gone.
    pub(crate) children: Children,
    pub(crate) accepts_per_turn: usize,
    pub(crate) now: Instant,
    /// Where records under TLS are read to.
    pub(crate) records: Vec<u8>,
    fork_generation: u64,
    /// How many children this process had forked when the system's queue was made.
    children_forked: u64,
}

/// What is left of a loop that has ended: see [`Reactor::retire`].
#[derive(Debug)]
pub struct Spare {
    poller: Poller,
    registry: Registry,
    waker: Arc<Waker>,
    fork_generation: u64,
}

impl Spare {
    /// A new loop. `None` in a fork of the process that the old one was in, whose queue this is, and
    /// where somebody has closed the queue, as those do who close all descriptors there are.
    pub fn start(mut self, now: Instant) -> Option<(Reactor, Poller)> {
        if self.fork_generation != fork::generation()
            || self.poller.poll(Some(Duration::ZERO)).is_err()
        {
            // The numbers of its descriptors may be somebody else's by now.
            std::mem::forget(self);
            return None;
        }
        self.poller.clear();
        let reactor = Reactor::with(self.registry, self.waker, now);
        Some((reactor, self.poller))
    }
}

impl Reactor {
    /// A new loop with nothing in it, and the half of it that waits.
    pub fn new(now: Instant) -> Result<(Self, Poller)> {
        let poller = Poller::new()?;
        let (registry, waker) = (poller.registry()?, poller.waker()?);
        Ok((Self::with(registry, waker, now), poller))
    }

    fn with(registry: Registry, waker: Arc<Waker>, now: Instant) -> Self {
        Self {
            registry,
            waker,
            descriptors: Table::of(Space::Descriptors),
            made: 0,
            files: FileWatches::new(),
            waits: Waits::new(),
            names: Names::new(),
            attempt_delay: ATTEMPT_DELAY,
            resolution_delay: RESOLUTION_DELAY,
            timers: Timers::new(),
            user_timers: 0,
            timer_limit: usize::MAX,
            fired: None,
            timer_mark: 0,
            ready: VecDeque::new(),
            carried: VecDeque::new(),
            unbound: VecDeque::new(),
            unbound_share: None,
            borrowed: HashMap::new(),
            notices: VecDeque::new(),
            dirty: VecDeque::new(),
            departing: Vec::new(),
            finished: Vec::new(),
            buffers: Buffers::default(),
            pipe: None,
            batch: None,
            closing: 0,
            starved: Vec::new(),
            children: Children::default(),
            accepts_per_turn: 10,
            now,
            records: Vec::new(),
            fork_generation: fork::generation(),
            children_forked: fork::children(),
        }
    }

    /// Ends the loop. What it leaves starts the next one for less, where the system's queue is sure to
    /// be empty: a forked child may hold descriptors that are closed here, and keep them in the queue.
    pub fn retire(self, poller: Poller) -> Option<Spare> {
        let shared = self.is_forked() || self.children_forked != fork::children();
        let waited = self.registration_count() > 0;
        (self.is_empty() && !shared && !waited).then_some(Spare {
            poller,
            registry: self.registry,
            waker: self.waker,
            fork_generation: self.fork_generation,
        })
    }

    /// Ends a [`Poller::poll`] from any thread; one that comes early ends the next.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Whether this process is a fork of the one that made the reactor. Its descriptors are then
    /// shared with the parent: see [`adopt`](Self::adopt) and [`abandon`](Self::abandon).
    pub fn is_forked(&self) -> bool {
        self.fork_generation != fork::generation()
    }

    /// Goes on in a forked child in the parent's place, as a daemon does: all descriptors are watched
    /// by a queue of the child's own.
    ///
    /// A descriptor that cannot be watched, as one that its owner closed meanwhile, ends. Where there
    /// can be no queue, nothing has changed.
    pub fn adopt(&mut self) -> Result<Poller> {
        let poller = Poller::new()?;
        let (registry, waker) = (poller.registry()?, poller.waker()?);
        self.adopt_file_watches(&registry)?;
        self.registry = registry;
        self.waker = waker;
        self.fork_generation = fork::generation();
        self.children_forked = fork::children();
        self.pipe = None;
        for id in self.descriptors.ids().collect::<Vec<_>>() {
            if let Err(error) = self.register(id) {
                self.end(id, error.errno().map(Reason::Errno));
            }
            self.adopt_rivals(id);
        }
        self.adopt_waits();
        self.adopt_names();
        Ok(poller)
    }

    /// Closes every descriptor and tells nobody: neither the kernel's queue, which a parent process
    /// may still use, nor the peers.
    pub fn abandon(self) {
        drop(self);
    }

    /// How many descriptors there are, listeners included.
    pub fn count(&self) -> usize {
        self.descriptors.len()
    }

    /// Whether there is nothing that would end with an `Unbound` event.
    pub fn is_empty(&self) -> bool {
        self.descriptors.len() == 0 && self.files.len() == 0
    }

    /// How many descriptors are about to close.
    pub fn closing_count(&self) -> usize {
        self.closing
    }

    /// Whether this names a descriptor.
    pub fn contains(&self, id: Id) -> bool {
        self.descriptors.get(id).is_some()
    }

    // ---- the turn

    /// Starts a turn at `now`: fixes which timers may fire in it and ends what has timed out.
    pub fn begin_turn(&mut self, now: Instant) {
        self.now = now;
        self.timer_mark = self.timers.mark();
    }

    /// Takes notice of the time, where it matters between turns: timeouts run from here.
    pub fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// The time at which this turn began.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The next of the user's timers that is due in this turn.
    pub fn next_timer(&mut self) -> Option<Event> {
        while let Some((id, deadline, due)) = self.timers.pop_due(self.now, self.timer_mark) {
            match deadline {
                Deadline::User => {
                    self.user_timers -= 1;
                    self.fired = Some((id, due));
                    return Some(Event::TimerFired(id));
                }
                Deadline::Inactivity(id) => self.inactivity_due(id),
                Deadline::Connect(id) => self.end(id, Some(Reason::Errno(errno::ETIMEDOUT))),
                Deadline::RetryConnect(id) => self.retry_connect(id),
                Deadline::NextAttempt(id) => self.next_attempt_due(id),
                Deadline::Resolution(request) => self.resolution_due(request),
                Deadline::RetryAccept(listener) => {
                    self.starved.retain(|(id, _)| *id != listener);
                    self.mark_readable(listener);
                }
                Deadline::Dismissal(id) => self.dismissal_due(id),
                Deadline::Delivery(id, began) => self.delivery_due(id, began),
                Deadline::ChildCheck(id) => self.child_check_due(id),
                Deadline::FileMissing(watch) => self.file_missing_due(watch),
                Deadline::Wait(id) => self.wait_due(id),
            }
        }
        None
    }

    /// How long a poll may wait: not at all where there is work, else until the next deadline.
    pub fn poll_timeout(&mut self, now: Instant) -> Option<Duration> {
        let queued = !self.ready.is_empty() || !self.carried.is_empty() || !self.unbound.is_empty();
        // Another thread may have sent something since the last event was handed out.
        let sent = !self.dirty.is_empty() || !self.notices.is_empty();
        let ending = !self.departing.is_empty() || !self.finished.is_empty();
        let later = ending || self.has_woken();
        if queued || sent || later || self.files.is_busy() {
            return Some(Duration::ZERO);
        }
        self.timers
            .next_deadline()
            .map(|deadline| deadline.saturating_duration_since(now))
    }

    /// Takes in what a poll found; `now` is the time after it.
    pub fn collect(&mut self, poller: &Poller, now: Instant) {
        self.now = now;
        self.ready.append(&mut self.carried);
        self.files.served = false;
        let mut rivals = Vec::new();
        for event in &poller.events {
            if event.token() == WAKE {
                continue;
            }
            if event.token() == FILES {
                self.files.readable = true;
                continue;
            }
            if waits::is_wait(event.token()) {
                self.descriptor_ready(event);
                continue;
            }
            if let Some(id) = self.rival_of(event.token()) {
                rivals.push(id);
                continue;
            }
            let Some((id, exited)) = self.named_by(event.token()) else {
                continue;
            };
            let Some(descriptor) = self.descriptors.get_mut(id) else {
                continue;
            };
            let readiness = &mut descriptor.readiness;
            if exited {
                readiness.exited = true;
                self.enqueue(id);
                continue;
            }
            readiness.ended |= event.is_read_closed() || event.is_error();
            readiness.readable |= event.is_readable() || readiness.ended;
            readiness.writable |= event.is_writable() || event.is_write_closed();
            // A read stops where urgent data was, with more behind it.
            descriptor.reads_in_part |= event.is_priority();
            self.enqueue(id);
        }
        // One that is connected takes the place of one that has failed meanwhile.
        for id in rivals {
            self.rivals_ready(id);
        }
        self.take_answers();
        self.look_last();
    }

    /// Whom a token stands for, and whether it tells of the exit of a child. Nobody where it is that of
    /// a descriptor that is gone: while a forked child holds the same open file, the system still
    /// tells of it.
    pub(crate) fn named_by(&self, token_seen: Token) -> Option<(Id, bool)> {
        let bits = token_seen.0 & !EXIT;
        let id = self.descriptors.id_at(bits & (Id::MAX_SLOTS - 1))?;
        (token(id).0 == bits).then_some((id, token_seen.0 & EXIT != 0))
    }

    /// The next thing that happened in this turn, but for ends. Incoming bytes are put at the start of
    /// `buffer`.
    pub fn next_event(&mut self, buffer: &mut [u8]) -> Option<Event> {
        if let Some(event) = self.next_file_event() {
            return Some(event);
        }
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Some(notice);
            }
            let Some(id) = self.ready.pop_front() else {
                break;
            };
            let Some(descriptor) = self.descriptors.get_mut(id) else {
                continue;
            };
            descriptor.queued = false;
            if let Some(event) = self.process(id, buffer) {
                return Some(event);
            }
        }
        self.flush();
        self.notices.pop_front()
    }

    /// The next descriptor that came to its end in this turn, once there are no more other events: by an
    /// `Unbound` event, in the order in which they were made. An end that follows from telling of another,
    /// as that of a connection which is made anew and refused at once, waits for the next turn, lest it
    /// hold up all else.
    pub fn next_end(&mut self) -> Option<Event> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        if !self.finished.is_empty() && self.unbound_share.is_none() {
            self.end_finished();
        }
        if self.unbound.is_empty() && self.unbound_share.is_none() {
            return None;
        }
        let share = self.unbound_share.take().unwrap_or_else(|| {
            let descriptors = &self.descriptors;
            let serial = |id| descriptors.get(id).map(|descriptor| descriptor.serial);
            let unbound = self.unbound.make_contiguous();
            unbound.sort_by_key(|(id, _)| serial(*id));
            unbound.len()
        });
        let left = share.checked_sub(1)?;
        let (id, reason) = self.unbound.pop_front()?;
        self.unbound_share = Some(left);
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.unbound = true;
        }
        Some(Event::Unbound { id, reason })
    }

    fn process(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let descriptor = self.descriptors.get(id)?;
        if descriptor.hold.is_some() {
            return None;
        }
        if descriptor.readiness.exited {
            self.reap(id);
        }
        let event = self.process_kind(id, buffer);
        if event.is_none() {
            self.leave(id);
        }
        event
    }

    fn process_kind(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let descriptor = self.descriptors.get(id)?;
        match (&descriptor.phase, &descriptor.kind) {
            (Phase::Closing | Phase::Lingering, _) => None,
            (Phase::Connecting(_), _) => self.continue_connect(id),
            (_, Kind::Stream) => self.process_stream(id, buffer),
            (_, Kind::Datagram(_)) => self.process_datagram(id, buffer),
            (_, Kind::Listener { .. }) => self.accept(id),
            (_, Kind::Watch { .. }) => self.process_watch(id),
            (_, Kind::Process) => self.process_exit(id),
        }
    }

    /// Writes what was sent since the last call, and ends what was to close after writing.
    pub fn flush(&mut self) {
        while let Some(id) = self.dirty.pop_front() {
            self.flush_one(id);
        }
    }

    /// As [`flush`](Self::flush), for what was sent before anything was to this one.
    pub(crate) fn flush_before(&mut self, last: Id) {
        if !self.descriptors.get(last).is_some_and(|last| last.dirty) {
            return;
        }
        while let Some(id) = self.dirty.pop_front() {
            if id == last {
                self.dirty.push_front(id);
                return;
            }
            self.flush_one(id);
        }
    }

    fn flush_one(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.dirty = false;
        match (&descriptor.phase, &descriptor.kind) {
            (Phase::Connecting(_) | Phase::Lingering | Phase::Closing, _) => {}
            (_, Kind::Stream) => self.flush_stream(id),
            (_, Kind::Datagram(_)) => self.flush_datagrams(id),
            _ => {}
        }
    }

    // ---- for the kinds of descriptors

    pub(crate) fn descriptor(&self, id: Id) -> Result<&Descriptor> {
        self.descriptors
            .get(id)
            .ok_or(Error::UnknownId(id.as_u64()))
    }

    pub(crate) fn descriptor_mut(&mut self, id: Id) -> Result<&mut Descriptor> {
        self.descriptors
            .get_mut(id)
            .ok_or(Error::UnknownId(id.as_u64()))
    }

    pub(crate) fn enqueue(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            if !descriptor.queued && descriptor.readiness.any() {
                descriptor.queued = true;
                self.ready.push_back(id);
            }
        }
    }

    /// Works on it again in this turn, after those that stand in line.
    pub(crate) fn requeue(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.queued = true;
            self.ready.push_back(id);
        }
    }

    /// Lets the others have their share before this one is worked on again.
    pub(crate) fn carry(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            if !descriptor.queued {
                descriptor.queued = true;
                self.carried.push_back(id);
            }
        }
    }

    pub(crate) fn mark_readable(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.readiness.readable = true;
            self.enqueue(id);
        }
    }

    pub(crate) fn mark_dirty(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            if !descriptor.dirty {
                descriptor.dirty = true;
                self.dirty.push_back(id);
            }
        }
    }
}
