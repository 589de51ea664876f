//! The loop: descriptors, timers, and the order of one turn.
//!
//! Each kind of descriptor handles its own events and knows nothing of other descriptors. The files
//! below hold the public operations, and everything that involves more than one descriptor.

mod admission;
mod census;
mod children;
mod connecting;
mod datagrams;
mod ending;
mod files;
mod flow;
mod forking;
mod hold;
mod listening;
mod naming;
mod occupation;
mod order;
mod passing;
mod proxies;
mod registration;
mod sockets;
mod splicing;
mod streams;
mod timers;
mod tls;
mod waits;
mod watching;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Registry, Token, Waker};

use crate::base::{Base, Room, token};
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::file_watches::FileWatches;
use crate::id::{Id, Space};
use crate::names::Names;
use crate::poller::{EXIT, FILES, Poller, RIVAL, WAKE};
use crate::step::{Rest, Step};
use crate::stream::{Children, Stream, delivery_due};
use crate::sys::handle::RawDescriptor;
use crate::sys::splice::Pipe;
use crate::sys::{errno, fork};
use crate::table::Table;
use crate::turn::{Deadline, Effect, Turn};
use crate::user_timers::UserTimers;
use crate::waits::{self as wait, Waits};

use admission::Admissions;
pub use census::Census;
pub use forking::Spare;
pub use occupation::Occupation;
pub use watching::open_descriptor;

/// An event loop without the waiting: descriptors, timers, and the queues of pending work.
///
/// One turn is: [`begin_turn`](Self::begin_turn); [`next_timer`](Self::next_timer) until it gives
/// none; [`Poller::poll`] for at most [`poll_timeout`](Self::poll_timeout);
/// [`collect`](Self::collect); [`next_event`](Self::next_event) until it gives none, then
/// [`next_end`](Self::next_end) likewise. After each event acted upon, [`flush`](Self::flush)
/// writes what was sent.
#[derive(Debug)]
pub struct Reactor {
    waker: Arc<Waker>,
    descriptors: Table<Descriptor>,
    /// The number of descriptors created so far.
    made: u64,
    turn: Turn,
    timers: UserTimers,
    files: FileWatches,
    waits: Waits,
    names: Names,
    /// How long an address has to answer a connect before the next is tried, too.
    attempt_delay: Duration,
    /// How long IPv4 addresses wait for IPv6 ones.
    resolution_delay: Duration,
    /// How many more ends this turn reports, once it has begun to report them.
    unbound_share: Option<usize>,
    /// Which of our descriptors uses each file descriptor that the application owns.
    borrowed: HashMap<RawDescriptor, Id>,
    /// The pipe for splicing between sockets. It is empty between two uses.
    pipe: Option<Pipe>,
    /// Listeners that wait for a free descriptor.
    starved: Vec<(Id, Option<Id>)>,
    /// Child processes of connections that were released.
    children: Children,
    accepts_per_turn: usize,
    admissions: Admissions,
    /// How many children this process had forked when the queue was created.
    children_forked: u64,
}

impl Reactor {
    /// Creates an empty loop, and the poller that waits for it.
    pub fn new(now: Instant) -> Result<(Self, Poller)> {
        let poller = Poller::new()?;
        let (registry, waker) = (poller.registry()?, poller.waker()?);
        Ok((Self::build(registry, waker, now), poller))
    }

    fn build(registry: Registry, waker: Arc<Waker>, now: Instant) -> Self {
        Self {
            waker,
            descriptors: Table::of(Space::Descriptors),
            made: 0,
            turn: Turn::new(registry, now),
            timers: UserTimers::new(),
            files: FileWatches::new(),
            waits: Waits::new(),
            names: Names::new(),
            attempt_delay: connecting::ATTEMPT_DELAY,
            resolution_delay: naming::RESOLUTION_DELAY,
            unbound_share: None,
            borrowed: HashMap::new(),
            pipe: None,
            starved: Vec::new(),
            children: Children::default(),
            accepts_per_turn: 10,
            admissions: Admissions::default(),
            children_forked: fork::children(),
        }
    }

    /// Wakes a [`Poller::poll`] from any thread. If nothing polls, the next poll returns at once.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// How many descriptors there are, listeners included.
    pub fn count(&self) -> usize {
        self.descriptors.len()
    }

    /// How many descriptors, watched files and timers there are.
    pub fn watched_count(&self) -> usize {
        self.descriptors.len() + self.files.len() + self.timers.len()
    }

    /// Whether there is nothing that would end with an `Unbound` event.
    pub fn is_empty(&self) -> bool {
        self.descriptors.len() == 0 && self.files.len() == 0
    }

    /// Whether a poll may find something, wanted or not.
    pub fn may_hear(&self) -> bool {
        let waits = self.waits.len() + self.waits.registration_count();
        !self.is_empty() || waits > 0 || self.names.may_answer()
    }

    /// How many descriptors are about to close.
    pub fn closing_count(&self) -> usize {
        self.turn.closing
    }

    /// Whether this names a descriptor.
    pub fn contains(&self, id: Id) -> bool {
        self.descriptors.get(id).is_some()
    }

    /// The time at which this turn began.
    pub fn now(&self) -> Instant {
        self.turn.now
    }

    /// Updates the clock between turns. Timeouts set from now on start at this time.
    pub fn advance(&mut self, now: Instant) {
        self.turn.now = self.turn.now.max(now);
    }

    // ---- the turn

    /// Starts a turn at `now`: decides which timers may fire in it, and ends what has timed out.
    pub fn begin_turn(&mut self, now: Instant) {
        self.turn.now = now;
        self.turn.fork_generation = fork::generation_again();
        self.turn.mark = self.turn.deadlines.mark();
        self.timers.begin_turn();
        let (now, mark) = (now, self.turn.mark);
        while let Some((_, deadline, _)) = self.turn.deadlines.pop_due(now, mark) {
            self.act_on(deadline);
        }
    }

    /// The next of the user's timers that is due in this turn.
    #[inline]
    pub fn next_timer(&mut self) -> Option<Event> {
        self.timers.next_due(self.turn.now).map(Event::TimerFired)
    }

    fn act_on(&mut self, deadline: Deadline) {
        match deadline {
            Deadline::Inactivity(id) => self.inactivity_due(id),
            Deadline::Connect(id) => self.end(id, Some(Reason::Errno(errno::ETIMEDOUT))),
            Deadline::RetryConnect(id) => {
                self.with_stream(id, |stream, base, turn| stream.retry_connect(base, turn));
            }
            Deadline::NextAttempt(id) => {
                self.with_stream(id, |stream, base, turn| stream.next_attempt(base, turn));
            }
            Deadline::AttemptTimeout(id) => {
                self.with_stream(id, |stream, base, turn| {
                    stream.attempt_timeout_due(base, turn)
                });
            }
            Deadline::Resolution(request) => self.names.due(&mut self.turn, request),
            Deadline::RetryAccept(listener) => {
                self.starved.retain(|(id, _)| *id != listener);
                self.mark_readable(listener);
            }
            Deadline::RetryReceive(id) => self.mark_readable(id),
            Deadline::Dismissal(id) => {
                self.with_stream(id, |stream, base, turn| stream.dismissal_due(base, turn));
            }
            Deadline::Delivery(id, began) => {
                self.with_stream(id, |_, base, turn| delivery_due(base, turn, began));
            }
            Deadline::ChildCheck(id) => {
                self.with_stream(id, |stream, base, turn| stream.child_check_due(base, turn));
            }
            Deadline::FileMissing(watch) => self.files.missing_due(&mut self.turn, watch),
            Deadline::Wait(id) => self.waits.due(&mut self.turn, id),
        }
    }

    /// How long a poll may wait: not at all if there is work, otherwise until the next deadline.
    pub fn poll_timeout(&mut self, now: Instant) -> Option<Duration> {
        if self.turn.has_work() || self.waits.has_woken() || self.files.is_busy() {
            return Some(Duration::ZERO);
        }
        let first = match (
            self.turn.deadlines.next_deadline(),
            self.timers.next_deadline(),
        ) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        first.map(|deadline| deadline.saturating_duration_since(now))
    }

    /// Records what a poll found. `now` is the time after the poll.
    pub fn collect(&mut self, poller: &Poller, now: Instant) {
        let turn = &mut self.turn;
        turn.now = now;
        turn.begin_order();
        self.files.served = false;
        let mut rivals = Vec::new();
        for event in &poller.events {
            match event.token() {
                WAKE => {}
                FILES => self.files.readable = true,
                token if wait::is_wait(token) => {
                    self.waits.descriptor_ready(&mut self.turn, event);
                }
                token if token.0 & RIVAL == RIVAL => rivals.extend(self.named_by(token)),
                token => self.note_readiness(token, event),
            }
        }
        // One that is connected takes the place of one that has failed meanwhile.
        for id in rivals {
            self.with_stream(id, |stream, base, turn| stream.rivals_ready(base, turn));
        }
        if self.names.may_answer() {
            self.take_answers();
        }
        for id in std::mem::take(&mut self.turn.departing) {
            self.with(id, |descriptor, turn| descriptor.base.look_last(turn));
        }
    }

    /// The descriptor that a rival's token belongs to.
    fn named_by(&mut self, seen: Token) -> Option<Id> {
        let bits = seen.0 & !RIVAL;
        let id = self.descriptors.at_mut(bits & (Id::MAX_SLOTS - 1))?.base.id;
        (token(id).0 == bits).then_some(id)
    }

    /// Ignores tokens of released descriptors: the system still reports these while a forked child
    /// holds the same open file.
    fn note_readiness(&mut self, seen: Token, event: &mio::event::Event) {
        let (bits, is_exit) = (seen.0 & !EXIT, seen.0 & EXIT != 0);
        let slot = bits & (Id::MAX_SLOTS - 1);
        let Some(descriptor) = self.descriptors.at_mut(slot) else {
            return;
        };
        let base = &mut descriptor.base;
        if token(base.id).0 != bits {
            return;
        }
        let readiness = &mut base.readiness;
        if is_exit {
            readiness.exited = true;
        } else {
            readiness.ended |= event.is_read_closed() || event.is_error();
            readiness.readable |= event.is_readable() || readiness.ended;
            readiness.writable |= event.is_writable() || event.is_write_closed();
            readiness.urgent |= event.is_priority();
        }
        base.enqueue_in_order(&mut self.turn);
    }

    /// The next event of this turn, except ends. Incoming bytes are written to the start of
    /// `buffer`. Descriptors that had none in the last turn come first.
    pub fn next_event(&mut self, buffer: &mut [u8]) -> Option<Event> {
        if self.files.is_busy() {
            if let Some(event) = self.files.next_event(&mut self.turn) {
                return Some(event);
            }
        }
        loop {
            if let Some(notice) = self.turn.notices.pop_front() {
                return Some(notice);
            }
            let Some(id) = self.turn.ready.pop_front() else {
                if !self.turn.regulars.is_empty() && self.take_regular() {
                    continue;
                }
                break;
            };
            if let Some(event) = self.work_on(id, buffer) {
                return Some(event);
            }
        }
        self.flush();
        self.turn.notices.pop_front()
    }

    /// The next `Unbound` event of this turn, once there are no other events. Descriptors end in
    /// the order of their creation. An end that the handling of another end causes (a connection
    /// that is made again and refused at once) waits for the next turn, so that it cannot starve
    /// everything else.
    pub fn next_end(&mut self) -> Option<Event> {
        if !self.turn.finished.is_empty() && self.unbound_share.is_none() {
            self.end_finished();
        }
        // What these ends mean for others is told before they may end, too.
        if let Some(notice) = self.turn.notices.pop_front() {
            return Some(notice);
        }
        if self.turn.unbound.is_empty() && self.unbound_share.is_none() {
            return None;
        }
        let share = self.unbound_share.take().unwrap_or_else(|| {
            let unbound = self.turn.unbound.make_contiguous();
            unbound.sort_by_key(|unbound| unbound.serial);
            unbound.len()
        });
        let left = share.checked_sub(1)?;
        let unbound = self.turn.unbound.pop_front()?;
        self.unbound_share = Some(left);
        let (id, reason) = (unbound.id, unbound.reason);
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.base.unbound = true;
        }
        Some(Event::Unbound { id, reason })
    }

    /// Handles a descriptor from the queue.
    fn work_on(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let descriptor = self.descriptors.get_mut(id)?;
        let base = &mut descriptor.base;
        base.queued = false;
        base.handled_in = self.turn.number;
        if base.hold.is_some() {
            return None;
        }
        if matches!(descriptor.kind, Kind::Listener(_)) {
            return self.accept(id);
        }
        if base.readiness.exited || base.is_connecting() || base.links.is_some() {
            return self.work_specially(id, buffer);
        }
        let step = descriptor.advance(&mut self.turn, buffer, Room::FREE);
        let event = take_step(&mut descriptor.base, &mut self.turn, step);
        if event.is_none() && descriptor.base.departs() && !descriptor.reads_on(false) {
            self.leave(id);
        }
        self.settle();
        event
    }

    /// Like [`work_on`](Self::work_on), for rare cases and for descriptors that are linked to
    /// others.
    fn work_specially(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        if self.descriptors.get(id)?.base.readiness.exited {
            self.with_stream(id, |stream, base, turn| stream.reap(base, turn));
        }
        let event = match self.descriptors.get(id)? {
            descriptor if descriptor.base.is_connecting() => self.continue_connect(id),
            descriptor if descriptor.base.links.is_some() => self.relay(id, buffer),
            _ => {
                let descriptor = self.descriptors.get_mut(id)?;
                let step = descriptor.advance(&mut self.turn, buffer, Room::FREE);
                take_step(&mut descriptor.base, &mut self.turn, step)
            }
        };
        if event.is_none() {
            let held = self.is_held(id);
            let descriptor = self.descriptors.get(id)?;
            if descriptor.base.departs() && !descriptor.reads_on(held) {
                self.leave(id);
            }
        }
        self.settle();
        event
    }

    /// Writes what was sent since the last call, and ends what was waiting for that to close.
    pub fn flush(&mut self) {
        while let Some(id) = self.turn.dirty.pop_front() {
            self.flush_one(id);
        }
    }

    /// Like [`flush`](Self::flush), but stops before `last`.
    fn flush_before(&mut self, last: Id) {
        let last_one = self.descriptors.get(last);
        if !last_one.is_some_and(|last| last.base.dirty) {
            return;
        }
        while let Some(id) = self.turn.dirty.pop_front() {
            if id == last {
                self.turn.dirty.push_front(id);
                return;
            }
            self.flush_one(id);
        }
    }

    fn flush_one(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.base.dirty = false;
            descriptor.flush(&mut self.turn);
            self.settle();
        }
    }

    // ---- what one descriptor means for others

    /// Applies the effects that the work on one descriptor has on others.
    #[inline]
    fn settle(&mut self) {
        // Most work has none.
        if !self.turn.effects.is_empty() {
            self.act_on_effects();
        }
    }

    fn act_on_effects(&mut self) {
        while let Some(effect) = self.turn.effects.pop_front() {
            match effect {
                Effect::Ended(id) => self.end_proxies(id),
                Effect::Wrote(id) => self.resume_sources(id),
                Effect::InputEnded(id) => self.pass_end_on(id),
                Effect::Unregistered(id) => {
                    if let Err(error) = self.register_anew(id) {
                        self.end(id, error.errno().map(Reason::Errno));
                    }
                }
            }
        }
    }

    // ---- for the files below

    fn descriptor(&self, id: Id) -> Result<&Descriptor> {
        self.descriptors
            .get(id)
            .ok_or(Error::UnknownId(id.as_u64()))
    }

    /// A descriptor, together with the turn.
    fn descriptor_mut(&mut self, id: Id) -> Result<(&mut Descriptor, &mut Turn)> {
        match self.descriptors.get_mut(id) {
            Some(descriptor) => Ok((descriptor, &mut self.turn)),
            None => Err(Error::UnknownId(id.as_u64())),
        }
    }

    /// Calls `work` with a descriptor, if it exists.
    fn with<T>(&mut self, id: Id, work: impl FnOnce(&mut Descriptor, &mut Turn) -> T) -> Option<T> {
        let result = work(self.descriptors.get_mut(id)?, &mut self.turn);
        self.settle();
        Some(result)
    }

    /// Calls `work` with a stream, if it exists.
    fn with_stream<T>(
        &mut self,
        id: Id,
        work: impl FnOnce(&mut Stream, &mut Base, &mut Turn) -> T,
    ) -> Option<T> {
        let Descriptor { base, kind } = self.descriptors.get_mut(id)?;
        let Kind::Stream(stream) = kind else {
            return None;
        };
        let result = work(stream, base, &mut self.turn);
        self.settle();
        Some(result)
    }

    fn end(&mut self, id: Id, reason: Option<Reason>) {
        self.with(id, |descriptor, turn| descriptor.end(turn, reason));
    }

    fn mark_readable(&mut self, id: Id) {
        self.with(id, |descriptor, turn| descriptor.base.mark_readable(turn));
    }

    fn enqueue(&mut self, id: Id) {
        self.with(id, |descriptor, turn| descriptor.base.enqueue(turn));
    }
}

/// Queues a descriptor again if it may have more to report.
fn take_step(base: &mut Base, turn: &mut Turn, step: Step) -> Option<Event> {
    match step {
        Step::Idle => None,
        Step::Tell(event) => Some(event),
        Step::Data { len, rest } => {
            match rest {
                Rest::Nothing => {}
                Rest::ThisTurn => base.requeue(turn),
                Rest::NextTurn => base.carry(turn),
            }
            Some(Event::Data { id: base.id, len })
        }
    }
}
