//! The one loop of the process, and the settings it starts with.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use em_reactor::{Id, Reactor, Spare, Waker};
use magnus::rb_sys::{AsRawValue, FromRawValue};
use magnus::{Error, Ruby, Value};
use rb_sys::VALUE;

use crate::guarded::Guarded;
use crate::resolving::Lookups;
use crate::signatures::Tables;
use crate::sys::queue::Queue;
use crate::{errors, hooks, metrics};

/// A loop that is initialised, running or not.
pub(crate) struct Instance {
    pub(crate) reactor: Reactor,
    pub(crate) queue: Queue,
    /// The one before, until the next turn.
    pub(crate) former: Option<Queue>,
    pub(crate) waker: Arc<Waker>,
    /// Whether Ruby has ticks or results of threads to run.
    pub(crate) signalled: bool,
    pub(crate) stopping: bool,
    /// Whether fibers are to run in this turn.
    pub(crate) fibers_due: bool,
    /// Whether the loop goes on although it was stopped, so that fibers can end.
    pub(crate) winding_up: bool,
    /// The fiber that runs the loop, while it does.
    pub(crate) loop_fiber: Option<rb_sys::VALUE>,
    /// Whether the loop's thread waits without the GVL, so that a change must wake it.
    pub(crate) sleeping: bool,
    pub(crate) clock: Clock,
    /// Threads that make objects of what they open, and what they have opened, which is held until
    /// then.
    pub(crate) openers: Vec<(VALUE, Vec<Id>)>,
    pub(crate) lookups: Lookups,
    pub(crate) tables: Tables,
    /// How many turns have begun.
    pub(crate) iteration: u64,
    /// Tells this loop from one that replaced it while a thread was in it.
    pub(crate) serial: u64,
}

impl Instance {
    /// Leaves the queue to the process that forked this one, before anything in it is changed.
    #[inline(always)]
    pub(crate) fn own_queue(&mut self) -> em_reactor::Result<()> {
        if !self.reactor.has_queue() {
            self.renew_queue()?;
        }
        Ok(())
    }

    /// Goes on with another queue.
    #[cold]
    #[inline(never)]
    pub(crate) fn renew_queue(&mut self) -> em_reactor::Result<()> {
        let poller = self.reactor.adopt()?;
        // Where a signal handler has forked amid a wait, that still is for the former.
        self.wake();
        self.waker = self.reactor.waker();
        let queue = Queue::new(poller, &self.waker);
        self.former = Some(std::mem::replace(&mut self.queue, queue));
        Ok(())
    }

    /// Gives the loop work: wakes it where it waits.
    fn change<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        if self.sleeping {
            self.reactor.advance(Instant::now());
        }
        let result = body(self);
        self.wake();
        result
    }

    /// Whether a turn would find nothing to do.
    pub(crate) fn is_at_rest(&mut self, now: Instant) -> bool {
        let is_busy = self.stopping || self.signalled || hooks::is_any_set();
        !is_busy && is_at_rest(&mut self.reactor, now)
    }

    fn wake(&mut self) {
        if std::mem::take(&mut self.sleeping) {
            // A failure to wake (a full counter) means that a wake-up is pending.
            let _ = self.waker.wake();
        }
    }
}

/// Whether a turn of the reactor's would find nothing to do.
pub(crate) fn is_at_rest(reactor: &mut Reactor, now: Instant) -> bool {
    !reactor.may_hear() && reactor.poll_timeout(now) != Some(Duration::ZERO)
}

/// The time of day by the monotonic clock, so that it goes neither back nor in jumps between turns.
pub(crate) struct Clock {
    monotonic: Instant,
    time_of_day: SystemTime,
}

impl Clock {
    /// A time of day further off than this was set anew.
    const TOLERANCE: Duration = Duration::from_millis(500);

    fn new() -> Self {
        Self {
            monotonic: Instant::now(),
            time_of_day: SystemTime::now(),
        }
    }

    /// The time of day at `instant`.
    pub(crate) fn time_of_day(&mut self, instant: Instant) -> SystemTime {
        let now = self.time_of_day + self.monotonic.elapsed();
        let actual = SystemTime::now();
        let off = actual
            .duration_since(now)
            .or_else(|_| now.duration_since(actual));
        if off.is_ok_and(|off| off > Self::TOLERANCE) {
            *self = Self::new();
        }
        self.time_of_day + instant.saturating_duration_since(self.monotonic)
    }
}

/// What may be set before there is a loop.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// There is no limit unless an application has set one.
    pub(crate) max_timers: Option<usize>,
    pub(crate) accepts_per_turn: usize,
    /// Seconds; of the loop that there is, each starts anew.
    pub(crate) heartbeat_interval: f64,
    /// Between the attempts of one connect.
    pub(crate) attempt_delay: Duration,
    /// What IPv4 addresses wait for IPv6 ones.
    pub(crate) resolution_delay: Duration,
}

impl Settings {
    pub(crate) fn apply_delays(&self, reactor: &mut Reactor) {
        reactor.set_attempt_delay(self.attempt_delay);
        reactor.set_resolution_delay(self.resolution_delay);
    }
}

/// Seconds.
const DEFAULT_HEARTBEAT: f64 = 2.0;

struct State {
    instance: Option<Instance>,
    settings: Settings,
    serial: u64,
    /// What the last loop left.
    spare: Option<Spare>,
    /// Where data is read to, while no loop does.
    buffer: Vec<u8>,
}

// SAFETY: every access goes through `with_state`, which asks for a `&Ruby`: proof that the calling
// thread holds the GVL.
static STATE: Guarded<State> = unsafe {
    Guarded::new(State {
        instance: None,
        settings: Settings {
            max_timers: None,
            accepts_per_turn: 10,
            heartbeat_interval: DEFAULT_HEARTBEAT,
            attempt_delay: Duration::from_millis(250),
            resolution_delay: Duration::from_millis(50),
        },
        serial: 0,
        spare: None,
        buffer: Vec::new(),
    })
};

/// No Ruby code runs inside `body`, so the borrow is never taken twice.
fn with_state<T>(ruby: &Ruby, body: impl FnOnce(&mut State) -> T) -> Result<T, Error> {
    match STATE.state().try_borrow_mut() {
        Ok(mut state) => Ok(body(&mut state)),
        Err(_) => Err(errors::runtime(ruby, "eventmachine is busy")),
    }
}

/// The loop, to look at. Where there is none, the error names the native method that is called.
pub(crate) fn look<T>(ruby: &Ruby, body: impl FnOnce(&mut Instance) -> T) -> Result<T, Error> {
    peek(ruby, body)?.ok_or_else(|| not_initialized(ruby))
}

/// The loop, to give it work: wakes it where it waits.
pub(crate) fn change<T>(ruby: &Ruby, body: impl FnOnce(&mut Instance) -> T) -> Result<T, Error> {
    change_if_any(ruby, body)?.ok_or_else(|| not_initialized(ruby))
}

/// As [`change`], for a native method that applications do not call: the error names what they do.
pub(crate) fn change_for<T>(
    ruby: &Ruby,
    operation: &str,
    body: impl FnOnce(&mut Instance) -> T,
) -> Result<T, Error> {
    change_if_any(ruby, body)?.ok_or_else(|| missing(ruby, operation))
}

/// As [`change`], for what has a meaning where there is no loop.
pub(crate) fn change_if_any<T>(
    ruby: &Ruby,
    body: impl FnOnce(&mut Instance) -> T,
) -> Result<Option<T>, Error> {
    let changed = peek(ruby, |instance| {
        instance.own_queue()?;
        Ok(instance.change(body))
    })?;
    changed
        .transpose()
        .map_err(|error| errors::from(ruby, &error))
}

/// As [`change`], of what concerns the turns only, which a forked child may never begin.
pub(crate) fn alert(ruby: &Ruby, body: impl FnOnce(&mut Instance)) -> Result<(), Error> {
    peek(ruby, |instance| instance.change(body))?.ok_or_else(|| not_initialized(ruby))
}

/// Opens a descriptor. Where another thread than the loop's is about to make an object of it, its
/// events wait for that.
pub(crate) fn open(
    ruby: &Ruby,
    body: impl FnOnce(&mut Reactor) -> em_reactor::Result<Id>,
) -> Result<em_reactor::Result<Id>, Error> {
    change(ruby, |instance| {
        let id = body(&mut instance.reactor)?;
        if !instance.openers.is_empty() {
            let thread = ruby.thread_current().as_raw();
            if let Some((_, held)) = instance.openers.iter_mut().find(|(t, _)| *t == thread) {
                instance.reactor.hold(id)?;
                held.push(id);
            }
        }
        Ok(id)
    })
}

fn not_initialized(ruby: &Ruby) -> Error {
    // SAFETY: it reads the name in the frame of the native method that runs.
    let method = unsafe { rb_sys::rb_frame_this_func() };
    // SAFETY: a String, or false for no name.
    let name = unsafe { Value::from_raw(rb_sys::rb_id2str(method)) };
    missing(ruby, &name.to_string())
}

fn missing(ruby: &Ruby, operation: &str) -> Error {
    let advice =
        format!("eventmachine not initialized: {operation}: call it within EventMachine.run");
    errors::runtime(ruby, advice)
}

/// The settings, to read or write.
pub(crate) fn settings<T>(ruby: &Ruby, body: impl FnOnce(&mut Settings) -> T) -> Result<T, Error> {
    with_state(ruby, |state| body(&mut state.settings))
}

/// The loop, where there is one.
pub(crate) fn peek<T>(
    ruby: &Ruby,
    body: impl FnOnce(&mut Instance) -> T,
) -> Result<Option<T>, Error> {
    with_state(ruby, |state| state.instance.as_mut().map(body))
}

/// Whether there is a loop.
fn exists(ruby: &Ruby) -> Result<bool, Error> {
    with_state(ruby, |state| state.instance.is_some())
}

/// Makes the loop.
pub(crate) fn create(ruby: &Ruby) -> Result<(), Error> {
    if exists(ruby)? {
        return Err(errors::runtime(
            ruby,
            "eventmachine already initialized: initialize_event_machine",
        ));
    }
    let tables = Tables::find(ruby)?;
    let now = Instant::now();
    let spare = with_state(ruby, |state| state.spare.take())?;
    let (reactor, poller) = match spare.and_then(|spare| spare.start(now)) {
        Some(loop_again) => loop_again,
        None => Reactor::new(now).map_err(|error| errors::from(ruby, &error))?,
    };
    with_state(ruby, |state| {
        state.serial += 1;
        state.settings.heartbeat_interval = DEFAULT_HEARTBEAT;
        let waker = reactor.waker();
        let mut instance = Instance {
            queue: Queue::new(poller, &waker),
            waker,
            reactor,
            former: None,
            openers: Vec::new(),
            lookups: Lookups::default(),
            tables,
            signalled: false,
            stopping: false,
            fibers_due: false,
            winding_up: false,
            loop_fiber: None,
            sleeping: false,
            clock: Clock::new(),
            iteration: 0,
            serial: state.serial,
        };
        let reactor = &mut instance.reactor;
        reactor.tell_input_ends();
        reactor.offer_descriptors();
        reactor.set_accepts_per_turn(state.settings.accepts_per_turn);
        state.settings.apply_delays(reactor);
        if let Some(limit) = state.settings.max_timers {
            reactor.set_timer_limit(limit);
        }
        state.instance = Some(instance);
    })
}

/// Takes the loop away.
pub(crate) fn take(ruby: &Ruby) -> Result<Option<Instance>, Error> {
    with_state(ruby, |state| state.instance.take())
}

/// Ends the loop, which leaves what it can to the next.
pub(crate) fn retire(ruby: &Ruby) -> Result<(), Error> {
    let Some(instance) = take(ruby)? else {
        return Ok(());
    };
    metrics::retires(&instance);
    let poller = instance.queue.into_poller();
    let spare = poller.and_then(|poller| instance.reactor.retire(poller));
    with_state(ruby, |state| state.spare = spare)
}

/// The memory that data is read to; given back by [`put_buffer`].
pub(crate) fn take_buffer(ruby: &Ruby) -> Result<Vec<u8>, Error> {
    with_state(ruby, |state| std::mem::take(&mut state.buffer))
}

/// See [`take_buffer`].
pub(crate) fn put_buffer(ruby: &Ruby, buffer: Vec<u8>) -> Result<(), Error> {
    with_state(ruby, |state| state.buffer = buffer)
}
