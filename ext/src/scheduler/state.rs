//! What a scheduler knows: who waits, who is to run next, and what is to be raised where.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use em_reactor::Interest;
use magnus::Ruby;
use magnus::gc::Marker;
use rb_sys::VALUE;

use super::address::ByAddress;
use super::engine::Engine;
use super::slab::{Slab, Tag};
use super::switch::value;

/// What a fiber waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Descriptor,
    Sleep,
    Block,
    Exit,
    /// Its turn, which comes as soon as others have had theirs.
    Turn,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Descriptor => "io",
            Self::Sleep => "sleep",
            Self::Block => "block",
            Self::Exit => "process",
            Self::Turn => "turn",
        }
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Woken,
    Ready(Interest),
    TimedOut,
    Closed,
    Raised(VALUE),
}

/// A fiber that waits, or is woken and did not run yet.
pub(super) struct Waiter {
    pub(super) fiber: VALUE,
    /// The fiber that the loop runs, which is this one or has resumed it.
    pub(super) top: VALUE,
    pub(super) kind: Kind,
    /// Whether it went to the hub, and is to be gone to, rather than yielded and is to be resumed.
    pub(super) nested: bool,
    pub(super) end: Option<End>,
    pub(super) since: Instant,
}

/// What a drain is to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    /// A wait is over.
    Continue(Tag),
    /// A fiber is new, which may be that of a task.
    Start(VALUE, Option<VALUE>),
    /// A fiber that was not waiting was unblocked: its wait has begun meanwhile.
    Unblocked(VALUE),
    /// Something is to be raised in a fiber that has yielded.
    Raise(VALUE, VALUE),
}

/// What is to be raised in a fiber at a time, or at its next wait.
pub(super) struct Alarm {
    pub(super) fiber: VALUE,
    /// As that of a [`Waiter`].
    pub(super) top: VALUE,
    pub(super) exception: VALUE,
    /// How many shields it was set within: those pass it on at once.
    pub(super) depth: u32,
    /// In the reactor, until it is due.
    pub(super) timer: Option<em_reactor::Id>,
}

/// Marks the tags of alarms among those of waits.
pub(super) const ALARM: Tag = 1 << 63;

#[derive(Default)]
pub(super) struct State {
    pub(super) engine: Engine,
    pub(super) waiters: Slab<Waiter>,
    /// The waits of fibers, other than for their turn.
    pub(super) by_fiber: HashMap<VALUE, Tag, ByAddress>,
    pub(super) ready: VecDeque<Item>,
    /// Waits of fibers that let the loop have its turn first.
    pub(super) later: VecDeque<Tag>,
    /// What comes before all that is ready.
    pub(super) urgent: VecDeque<Item>,
    /// How often the fiber that runs was let go on where it was to wait.
    pub(super) let_on: u32,
    /// How much may run yet in this drain.
    pub(super) share: usize,
    /// How often those that let others have their turn may go on yet in this drain.
    pub(super) rounds: u32,
    /// The fiber that entered the drain, during one.
    pub(super) hub: Option<VALUE>,
    /// The fiber that a drain fiber has resumed.
    pub(super) current: Option<VALUE>,
    /// Drain fibers without work.
    pub(super) idle: Vec<VALUE>,
    /// The fiber that runs the loop, where it is known.
    pub(super) loop_fiber: Option<VALUE>,
    pub(super) alarms: Slab<Alarm>,
    /// Alarms that were due when their fiber did not wait, or was shielded.
    pub(super) pending: HashMap<VALUE, Vec<Tag>>,
    pub(super) shields: HashMap<VALUE, u32>,
    /// What ended fibers.
    pub(super) failures: VecDeque<VALUE>,
    /// Whether fibers of this drain are timed.
    pub(super) timed: bool,
    /// Tasks and fibers that took too long.
    pub(super) slow: VecDeque<(VALUE, Duration)>,
    /// The thread whose scheduler this is.
    pub(super) thread: Option<VALUE>,
    /// When the turn began, since which who waits does so.
    pub(super) now: Option<Instant>,
    pub(super) running: bool,
    pub(super) closed: bool,
    /// Whether this process is a fork of the one whose fibers these are.
    pub(super) abandoned: bool,
    /// Whether the loop has no turn left for fibers that would wait.
    pub(super) ending: bool,
}

impl State {
    /// The fiber to cancel where `fiber` is to be: the one that the loop runs.
    pub(super) fn top_of(&self, fiber: VALUE) -> VALUE {
        match (self.hub, self.current) {
            (Some(_), Some(current)) => current,
            _ => fiber,
        }
    }

    pub(super) fn add(&mut self, fiber: VALUE, kind: Kind) -> Tag {
        let nested = self.hub.is_some() && self.current != Some(fiber);
        let tag = self.waiters.insert(Waiter {
            fiber,
            top: self.top_of(fiber),
            kind,
            nested,
            end: None,
            since: self.now.unwrap_or_else(Instant::now),
        });
        // Nobody looks for the others by their fibers often.
        if kind != Kind::Turn {
            self.by_fiber.insert(fiber, tag);
        }
        tag
    }

    pub(super) fn remove(&mut self, tag: Tag) -> Option<Waiter> {
        let waiter = self.waiters.remove(tag)?;
        if waiter.kind != Kind::Turn && self.by_fiber.get(&waiter.fiber) == Some(&tag) {
            self.by_fiber.remove(&waiter.fiber);
        }
        Some(waiter)
    }

    /// Ends a wait, once; false where it is over.
    pub(super) fn end(&mut self, tag: Tag, end: End) -> bool {
        match self.waiters.get_mut(tag) {
            Some(waiter) if waiter.end.is_none() => {
                waiter.end = Some(end);
                true
            }
            _ => false,
        }
    }

    /// Ends a wait and has its fiber run.
    pub(super) fn wake(&mut self, tag: Tag, end: End) {
        if self.end(tag, end) {
            self.ready.push_back(Item::Continue(tag));
        }
    }

    /// Ends a wait and has its fiber run when the loop and the others have had their turn.
    pub(super) fn wake_later(&mut self, tag: Tag, end: End) {
        if self.end(tag, end) {
            self.later.push_back(tag);
        }
    }

    /// Begins a drain in which those that let the loop have its turn have theirs.
    pub(super) fn begin_turn(&mut self) {
        const ROUNDS: u32 = 8;
        self.take_later();
        self.begin_share();
        self.rounds = ROUNDS;
    }

    /// Begins a drain of all that is ready. What becomes ready meanwhile is for another one, but
    /// for a few: fibers that wake each other need no turn of the loop each.
    pub(super) fn begin_share(&mut self) {
        const MEANWHILE: usize = 32;
        self.share = match self.ready.is_empty() {
            true => 0,
            false => self.ready.len() + MEANWHILE,
        };
        self.rounds = 0;
    }

    /// Has those that let others have their turn go on without a turn of the loop, if that would
    /// find nothing to do; that it does not wait for long, as signals may come.
    pub(super) fn begin_round(&mut self, ruby: &Ruby) -> bool {
        const SLICE: Duration = Duration::from_micros(20);
        if self.rounds == 0 || self.share == 0 || self.later.is_empty() || !self.ready.is_empty() {
            return false;
        }
        self.rounds -= 1;
        let now = Instant::now();
        let is_short = self.now.is_some_and(|began| now < began + SLICE);
        let goes_on = is_short && self.engine.is_at_rest(ruby, now);
        if goes_on {
            self.take_later();
            self.share = self.share.max(self.ready.len());
        }
        goes_on
    }

    fn take_later(&mut self) {
        self.ready.extend(self.later.drain(..).map(Item::Continue));
    }

    /// Whether there is something to run.
    pub(super) fn has_ready(&self) -> bool {
        !(self.ready.is_empty() && self.later.is_empty())
    }

    /// The wait of a fiber that may be unblocked.
    pub(super) fn blocked(&mut self, fiber: VALUE) -> Option<Tag> {
        let tag = *self.by_fiber.get(&fiber)?;
        let waiter = self.waiters.get_mut(tag)?;
        let can_be = matches!(waiter.kind, Kind::Block | Kind::Sleep) && waiter.end.is_none();
        can_be.then_some(tag)
    }

    /// Where `fiber` waits, or one that it has resumed.
    pub(super) fn wait_of(&self, fiber: VALUE) -> Option<Tag> {
        if let Some(&tag) = self.by_fiber.get(&fiber) {
            return Some(tag);
        }
        self.waiters
            .find(|waiter| waiter.fiber == fiber || waiter.top == fiber)
    }

    /// What the drain does next.
    pub(super) fn next(&mut self) -> Option<Item> {
        self.let_on = 0;
        if self.abandoned {
            return None;
        }
        if let Some(item) = self.urgent.pop_front() {
            return Some(item);
        }
        self.share = self.share.checked_sub(1)?;
        self.ready.pop_front()
    }

    /// Whether the fiber that runs may go on without a wait for what is ready. Not for ever: others
    /// are to have their turn.
    pub(super) fn may_go_on(&mut self) -> bool {
        const MOST: u32 = 256;
        self.let_on += 1;
        self.let_on <= MOST
    }

    /// How many shields a fiber has.
    pub(super) fn depth(&self, top: VALUE) -> u32 {
        self.shields.get(&top).copied().unwrap_or(0)
    }

    pub(super) fn is_starting(&self, fiber: VALUE) -> bool {
        let mut items = self.urgent.iter().chain(&self.ready);
        items.any(|item| matches!(*item, Item::Start(starting, _) if starting == fiber))
    }

    pub(super) fn forget_pending(&mut self, top: VALUE, tag: Tag) {
        if let Some(tags) = self.pending.get_mut(&top) {
            tags.retain(|&pending| pending != tag);
            if tags.is_empty() {
                self.pending.remove(&top);
            }
        }
    }

    /// Whether something is kept for fibers that run.
    pub(super) fn keeps_for_later(&self) -> bool {
        !self.pending.is_empty() || !self.shields.is_empty()
    }

    /// Drops what was kept for a fiber that has ended.
    pub(super) fn forget(&mut self, fiber: VALUE) {
        self.shields.remove(&fiber);
        for tag in self.pending.remove(&fiber).unwrap_or_default() {
            self.alarms.remove(tag);
        }
    }

    /// Whether a fiber is the one that runs the loop, which cannot wait for itself.
    pub(super) fn is_loops_own(&self, fiber: VALUE) -> bool {
        self.hub.is_none() && self.loop_fiber == Some(fiber)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiters.len() == 0 && !self.has_ready() && self.urgent.is_empty()
    }

    pub(super) fn mark(&self, marker: &Marker) {
        let mark = |raw: VALUE| marker.mark(value(raw));
        for waiter in self.waiters.iter() {
            mark(waiter.fiber);
            mark(waiter.top);
            if let Some(End::Raised(exception)) = waiter.end {
                mark(exception);
            }
        }
        for item in self.ready.iter().chain(&self.urgent) {
            match *item {
                Item::Continue(_) => {}
                Item::Start(fiber, task) => [fiber].into_iter().chain(task).for_each(mark),
                Item::Unblocked(fiber) => mark(fiber),
                Item::Raise(fiber, exception) => {
                    mark(fiber);
                    mark(exception);
                }
            }
        }
        for alarm in self.alarms.iter() {
            mark(alarm.fiber);
            mark(alarm.top);
            mark(alarm.exception);
        }
        let fibers = [self.hub, self.current, self.loop_fiber, self.thread];
        let fibers = fibers.into_iter().flatten();
        let fibers = fibers.chain(self.shields.keys().copied());
        let fibers = fibers.chain(self.idle.iter().copied());
        let fibers = fibers.chain(self.slow.iter().map(|&(fiber, _)| fiber));
        fibers.chain(self.failures.iter().copied()).for_each(mark);
    }
}
