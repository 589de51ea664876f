//! The turns of the loop, with and without the GVL.

use std::time::{Duration, Instant};

use em_reactor::{Event, Reactor};
use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::{Error, RModule, Ruby, Value};

use crate::dispatch::Dispatcher;
use crate::hooks::{self, Hook};
use crate::instance::Instance;
use crate::sys::queue::Waiting;
use crate::{errors, gvl, instance, metrics, scheduler};

/// The most that one read takes from a connection.
const READ_SIZE: usize = 64 * 1024;

/// So many callbacks are run before what they sent is written; less where there are no more. Peers
/// that are written to one right after the other have not gone to sleep again meanwhile, and waking
/// them is a good part of what a write costs.
const EVENTS_PER_FLUSH: usize = 16;

/// A wait shorter than this found something ready: looking would have been cheaper.
const SHORT_WAIT: Duration = Duration::from_micros(50);

/// How long the loop keeps the GVL from other threads while it has work.
const GVL_SHARE: Duration = Duration::from_millis(1);

/// A turn is long if what it calls takes so much of the time that others wait for it.
const LONG_TURN: Duration = Duration::from_millis(5);

/// So many turns after two that were long look at the clock after each event. Those two may have so
/// many between them: one alone says nothing, as the system may have given the processor to others.
const TIMED_TURNS: u32 = 64;

/// What such a turn may take before it looks for others.
const TURN_SHARE: Duration = Duration::from_millis(1);

/// The loop as its own thread sees it.
pub(crate) struct Loop<'r> {
    ruby: &'r Ruby,
    dispatcher: Dispatcher<'r>,
    buffer: Vec<u8>,
    serial: u64,
    _counted: metrics::InLoop,
    /// Whether the last turn had to wait.
    idle: bool,
    /// When other threads were let run last.
    let_go: Instant,
    /// When the loop has looked last.
    looked: Instant,
    /// How many more turns look at the clock.
    timed: u32,
    /// In how many more turns a long one would be the second.
    suspicious: u32,
}

/// What there is to do beside what descriptors report. What comes from now on is for the next turn.
#[derive(Default)]
struct Found {
    /// Ticks, or results of threads.
    signalled: bool,
    fibers: bool,
}

/// What the first half of a turn found.
enum Outlook {
    /// Wait for at most so long.
    Wait(Option<Duration>),
    Stop,
}

impl<'r> Loop<'r> {
    /// The error names the method that was called where there is no loop.
    pub(crate) fn new(ruby: &'r Ruby) -> Result<Self, Error> {
        let fiber = ruby.fiber_current().as_raw();
        let serial = instance::look(ruby, |instance| {
            instance.loop_fiber = Some(fiber);
            instance.serial
        })?;
        let dispatcher = Dispatcher::new(ruby)?;
        let mut buffer = instance::take_buffer(ruby)?;
        buffer.resize(READ_SIZE, 0);
        Ok(Self {
            ruby,
            _counted: metrics::InLoop::begin(),
            dispatcher,
            buffer,
            serial,
            idle: false,
            let_go: Instant::now(),
            looked: Instant::now(),
            timed: 0,
            suspicious: 0,
        })
    }

    /// Runs until the loop is stopped, or a callback raises what no error handler takes.
    pub(crate) fn run(&mut self) -> Result<(), Error> {
        while self.turn(None)?.is_some() {}
        Ok(())
    }

    /// One turn, which waits for at most so long, and not at all where timers have fired: whether
    /// something happened in it. `None` once the loop is stopped.
    pub(crate) fn once(&mut self, limit: Duration) -> Result<Option<bool>, Error> {
        self.turn(Some(limit))
    }

    fn turn(&mut self, limit: Option<Duration>) -> Result<Option<bool>, Error> {
        if !self.begin()? {
            return Ok(None);
        }
        // A turn may call nothing of Ruby's, nor wait: other threads and signals have their share.
        self.ruby.thread_check_ints()?;
        let fired = self.timers()?;
        let limit = limit.map(|limit| if fired > 0 { Duration::ZERO } else { limit });
        self.hook(Hook::BeforeWait)?;
        self.hook(Hook::Ending)?;
        let found = match self.outlook()? {
            Outlook::Stop => return Ok(None),
            Outlook::Wait(timeout) => self.poll(sooner(timeout, limit))?,
        };
        self.hook(Hook::AfterWait)?;
        if found.fibers {
            self.fibers()?;
        }
        let mut acted = fired + self.each_event(Reactor::next_event)?;
        if self.woken()? {
            // What these fibers have sent is written.
            acted += self.each_event(Reactor::next_event)?;
        }
        if found.signalled {
            self.ours(|instance| instance.signalled = false)?;
            self.dispatcher.deferred()?;
            self.flush()?;
        }
        let ended = self.each_event(|reactor, _| reactor.next_end())?;
        if ended > 0 {
            self.flush()?;
        }
        acted += ended;
        let happened = acted > 0 || found.signalled || found.fibers;
        if !happened {
            self.hook(Hook::Idle)?;
        }
        Ok(Some(happened))
    }

    #[inline]
    fn hook(&self, hook: Hook) -> Result<(), Error> {
        match hooks::is_set(hook) {
            true => self.call_hook(hook),
            false => Ok(()),
        }
    }

    /// Calls what an application has for this point, and writes what that sent.
    fn call_hook(&self, hook: Hook) -> Result<(), Error> {
        metrics::timed(&self.dispatcher, hook, || self.dispatcher.hook(hook))?;
        self.flush()
    }

    fn begin(&mut self) -> Result<bool, Error> {
        let now = Instant::now();
        let was_long = now.duration_since(self.looked) > LONG_TURN;
        self.timed = match was_long && self.suspicious > 0 {
            true => TIMED_TURNS,
            false => self.timed.saturating_sub(1),
        };
        self.suspicious = match was_long {
            true => TIMED_TURNS,
            false => self.suspicious.saturating_sub(1),
        };
        let is_ordered = self.timed > 0;
        self.ours(|instance| {
            if instance.stopping && !instance.winding_up {
                return Ok(false);
            }
            instance.reactor.set_ordered(is_ordered);
            if instance.reactor.needs_queue() {
                instance.renew_queue()?;
            }
            instance.former = None;
            instance.reactor.begin_turn(now);
            instance.iteration += 1;
            Ok(true)
        })?
        .unwrap_or(Ok(false))
        .map_err(|error| errors::from(self.ruby, &error))
    }

    fn timers(&self) -> Result<usize, Error> {
        let mut acted = 0;
        while let Some(event) = self.ours(|i| i.reactor.next_timer())?.flatten() {
            self.act(&event, &[], &mut acted)?;
        }
        if acted > 0 {
            self.flush()?;
        }
        Ok(acted)
    }

    fn outlook(&self) -> Result<Outlook, Error> {
        let wait = self.ours(|instance| {
            let stops = instance.stopping && !instance.winding_up;
            let is_busy = instance.signalled || instance.fibers_due || hooks::is_set(Hook::Idle);
            if stops || is_busy {
                return Some(Duration::ZERO);
            }
            instance.reactor.poll_timeout(Instant::now())
        })?;
        Ok(wait.map_or(Outlook::Stop, Outlook::Wait))
    }

    /// Looks first, since there mostly is work, and waits only where there is none. A loop that had
    /// to wait waits at once the next time, until a wait turns out to have been none.
    fn poll(&mut self, timeout: Option<Duration>) -> Result<Found, Error> {
        metrics::looks();
        let may_wait = timeout != Some(Duration::ZERO);
        let look_first = !(self.idle && may_wait);
        let looked = self.ours(|instance| {
            if look_first {
                instance.queue.poller().poll(Some(Duration::ZERO))?;
            } else {
                instance.queue.poller().clear();
            }
            instance.sleeping = may_wait && instance.queue.poller().is_empty();
            Ok(instance.sleeping.then(|| instance.queue.waiting()))
        })?;
        let (waited, polled) = match looked {
            None => return Ok(Found::default()),
            Some(Ok(Some(waiting))) => self.wait(&waiting, timeout)?,
            Some(Ok(None)) => (Ok(false), Ok(())),
            Some(Err(error)) => (Ok(false), Err(error)),
        };
        // What a signal handler raised is handed out only after the state is whole again.
        let now = Instant::now();
        metrics::looked(now);
        self.looked = now;
        let found = self.ours(|instance| {
            instance.sleeping = false;
            instance.reactor.collect(&*instance.queue.poller(), now);
            Found {
                signalled: instance.signalled,
                fibers: instance.fibers_due || instance.reactor.has_woken(),
            }
        })?;
        waited?;
        polled.map_err(|error| errors::from(self.ruby, &error))?;
        self.let_others_run(now)?;
        Ok(found.unwrap_or_default())
    }

    /// Runs the fibers that became ready, of which there are none unless a program has made some.
    fn fibers(&self) -> Result<(), Error> {
        self.run_fibers(scheduler::run_ready)
    }

    fn run_fibers(&self, run: impl FnOnce(&Ruby) -> Result<(), Error>) -> Result<(), Error> {
        self.ours(|instance| instance.fibers_due = false)?;
        run(self.ruby)?;
        while let Some((fiber, took)) = scheduler::next_slow(self.ruby) {
            metrics::report_fiber(&self.dispatcher, fiber, took)?;
        }
        while let Some(failure) = scheduler::next_failure(self.ruby) {
            self.dispatcher.handle(failure)?;
        }
        Ok(())
    }

    /// Waits without the GVL.
    fn wait(
        &mut self,
        waiting: &Waiting,
        timeout: Option<Duration>,
    ) -> Result<(Result<bool, Error>, em_reactor::Result<()>), Error> {
        let start = Instant::now();
        metrics::waits(start);
        let waited = waiting.wait(self.ruby, timeout);
        self.let_go = Instant::now();
        metrics::waited(start, self.let_go, timeout);
        self.idle = self.let_go.duration_since(start) > SHORT_WAIT;
        // Where only time passed, there is nothing to look for.
        if matches!(waited, Ok(false)) {
            return Ok((waited, Ok(())));
        }
        let polled = self.ours(|instance| instance.queue.look())?;
        Ok((waited, polled.unwrap_or(Ok(()))))
    }

    /// A loop that always finds something to do lets go of the GVL now and then.
    fn let_others_run(&mut self, now: Instant) -> Result<(), Error> {
        if now.duration_since(self.let_go) < GVL_SHARE {
            return Ok(());
        }
        self.let_go = now;
        gvl::pass(self.ruby)
    }

    fn each_event(
        &mut self,
        next: impl Fn(&mut Reactor, &mut [u8]) -> Option<Event>,
    ) -> Result<usize, Error> {
        let mut acted = 0;
        loop {
            let buffer = &mut self.buffer;
            let serial = self.serial;
            let next = instance::peek(self.ruby, |instance| {
                (instance.serial == serial)
                    .then(|| next(&mut instance.reactor, buffer))
                    .flatten()
            })?;
            let Some(event) = next.flatten() else {
                return Ok(acted);
            };
            self.act(&event, &self.buffer, &mut acted)?;
            if self.timed > 0 {
                self.woken()?;
                self.keep_share()?;
            }
        }
    }

    /// Has the loop look for others soon, where this turn takes long.
    #[cold]
    fn keep_share(&self) -> Result<(), Error> {
        if self.looked.elapsed() > TURN_SHARE {
            self.ours(|instance| instance.reactor.put_off_regulars())?;
        }
        Ok(())
    }

    /// Acts on one of a row of events. Where it is the turn for that, the fibers that wait for such
    /// run, while their connections are at hand, and what was sent is written.
    #[inline(always)]
    fn act(&self, event: &Event, buffer: &[u8], acted: &mut usize) -> Result<(), Error> {
        metrics::dispatch(&self.dispatcher, event, buffer)?;
        *acted += 1;
        if *acted % EVENTS_PER_FLUSH == 0 {
            self.woken()?;
            self.flush()?;
        }
        Ok(())
    }

    /// Runs the fibers that events of this turn have woken, if there are some.
    fn woken(&self) -> Result<bool, Error> {
        let is_due = self.ours(|instance| instance.fibers_due)? == Some(true);
        if is_due {
            self.run_fibers(scheduler::run_woken)?;
        }
        Ok(is_due)
    }

    fn flush(&self) -> Result<(), Error> {
        self.ours(|instance| instance.reactor.flush()).map(drop)
    }

    /// This loop's instance, unless a callback took it away.
    fn ours<T>(&self, body: impl FnOnce(&mut Instance) -> T) -> Result<Option<T>, Error> {
        instance::peek(self.ruby, |i| (i.serial == self.serial).then(|| body(i)))
            .map(Option::flatten)
    }
}

/// The shorter of two times, of which none is for ever.
fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Drop for Loop<'_> {
    fn drop(&mut self) {
        // Where the state is in use, the next loop makes a buffer of its own.
        let _ = instance::put_buffer(self.ruby, std::mem::take(&mut self.buffer));
    }
}

/// How long the end of the loop waits for child processes that were told to end.
const CHILDREN_LIMIT: Duration = Duration::from_millis(500);
/// Between looking for children of whose end the system does not tell.
const CHILDREN_INTERVAL: Duration = Duration::from_millis(20);

/// Ends all that is left, each with its `unbind`, and takes the loop away. The first exception of a
/// callback is raised when all is done.
pub(crate) fn release(ruby: &Ruby) -> Result<(), Error> {
    if instance::look(ruby, |i| i.reactor.is_forked())? {
        if let Some(instance) = instance::take(ruby)? {
            // The parent's queue goes first, so that nothing of the parent's is removed from it.
            drop((instance.queue, instance.former));
            instance.reactor.abandon();
        }
        return Ok(());
    }
    let dispatcher = Dispatcher::new(ruby)?;
    let mut first_error = end_children(ruby);
    for pid in instance::look(ruby, close_all)? {
        first_error = first_error.and(leave_child(ruby, pid));
    }
    let next = |i: &mut Instance| {
        i.reactor
            .next_event(&mut [])
            .or_else(|| i.reactor.next_end())
    };
    let counted = metrics::InLoop::begin();
    while let Some(event) = instance::peek(ruby, next)?.flatten() {
        first_error = first_error.and(metrics::dispatch(&dispatcher, &event, &[]));
    }
    drop(counted);
    // What these callbacks opened ends with the loop, and nobody is told.
    for pid in instance::look(ruby, close_all)? {
        first_error = first_error.and(leave_child(ruby, pid));
    }
    while let Some(event) = instance::peek(ruby, next)?.flatten() {
        if let Event::Unbound { id, .. } = event {
            first_error = first_error.and(dispatcher.discard(id));
        }
    }
    instance::retire(ruby).and(first_error)
}

/// Ends all descriptors, once what was sent is written. The children of some go on running.
fn close_all(instance: &mut Instance) -> Vec<u32> {
    instance.reactor.flush();
    instance.reactor.close_all()
}

/// Tells child processes to end. Most do so at once, so that their `unbind` knows how.
fn end_children(ruby: &Ruby) -> Result<(), Error> {
    let deadline = Instant::now() + CHILDREN_LIMIT;
    instance::look(ruby, |i| i.reactor.terminate_children())?;
    while instance::look(ruby, |i| i.reactor.reap_children())? > 0 {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() || !await_children(ruby, remaining.min(CHILDREN_INTERVAL))? {
            break;
        }
    }
    Ok(())
}

/// Waits until something happens to a descriptor; false where that cannot be found out.
fn await_children(ruby: &Ruby, timeout: Duration) -> Result<bool, Error> {
    let waiting = instance::look(ruby, |i| i.queue.waiting())?;
    waiting.wait(ruby, Some(timeout))?;
    instance::look(ruby, |instance| {
        let polled = instance.queue.look();
        instance
            .reactor
            .collect(&*instance.queue.poller(), Instant::now());
        polled.is_ok()
    })
}

/// A child that goes on running is waited for by a thread of Ruby's, lest it stay a zombie.
fn leave_child(ruby: &Ruby, pid: u32) -> Result<(), Error> {
    let process: RModule = ruby.class_object().const_get("Process")?;
    process.funcall::<_, _, Value>("detach", (pid,)).map(drop)
}
