//! The turns of the loop, with and without the GVL.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use em_reactor::Event;
use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::{Error, RModule, Ruby, Value};

use crate::dispatch::Dispatcher;
use crate::instance::Instance;
use crate::{errors, gvl, instance, scheduler};

/// The most that one read takes from a connection.
const READ_SIZE: usize = 64 * 1024;

/// So many callbacks are run before what they sent is written; less where there are no more. Peers that
/// are written to one right after the other have not gone to sleep again meanwhile, and waking them is a
/// good part of what a write costs.
const EVENTS_PER_FLUSH: usize = 16;

/// A wait shorter than this found something ready: looking would have been cheaper.
const SHORT_WAIT: Duration = Duration::from_micros(50);

/// The loop as its own thread sees it.
pub(crate) struct Loop<'r> {
    ruby: &'r Ruby,
    dispatcher: Dispatcher<'r>,
    buffer: Vec<u8>,
    serial: u64,
    /// Whether the last turn had to wait.
    idle: bool,
}

/// What the first half of a turn found.
enum Outlook {
    /// Wait for at most so long.
    Wait(Option<Duration>),
    Stop,
}

impl<'r> Loop<'r> {
    pub(crate) fn new(ruby: &'r Ruby) -> Result<Self, Error> {
        let fiber = ruby.fiber_current().as_raw();
        let serial = instance::look(ruby, "run_machine", |instance| {
            instance.loop_fiber = Some(fiber);
            instance.serial
        })?;
        let dispatcher = Dispatcher::new(ruby)?;
        let mut buffer = instance::take_buffer(ruby)?;
        buffer.resize(READ_SIZE, 0);
        Ok(Self {
            ruby,
            dispatcher,
            buffer,
            serial,
            idle: false,
        })
    }

    /// Runs until the loop is stopped, or a callback raises what no error handler takes.
    pub(crate) fn run(&mut self) -> Result<(), Error> {
        while self.turn()? {}
        Ok(())
    }

    /// One turn; false once the loop is stopped.
    pub(crate) fn turn(&mut self) -> Result<bool, Error> {
        if !self.begin()? {
            return Ok(false);
        }
        // A turn may call nothing of Ruby's, nor wait: other threads and signals have their share.
        self.ruby.thread_check_ints()?;
        self.timers()?;
        self.ticks()?;
        match self.outlook()? {
            Outlook::Stop => return Ok(false),
            Outlook::Wait(timeout) => self.poll(timeout)?,
        }
        self.events()?;
        Ok(true)
    }

    fn begin(&self) -> Result<bool, Error> {
        self.ours(|instance| {
            if instance.stopping && !instance.winding_up {
                return Ok(false);
            }
            if instance.reactor.is_forked() {
                instance.poller = Some(instance.reactor.adopt()?);
                instance.waker = instance.reactor.waker();
            }
            instance.reactor.begin_turn(Instant::now());
            Ok(true)
        })?
        .unwrap_or(Ok(false))
        .map_err(|error| errors::from(self.ruby, &error))
    }

    fn timers(&self) -> Result<(), Error> {
        let mut acted = 0;
        while let Some(event) = self.ours(|i| i.reactor.next_timer())?.flatten() {
            self.act(&event, &[], &mut acted)?;
        }
        if acted > 0 {
            self.flush()?;
        }
        Ok(())
    }

    fn ticks(&self) -> Result<(), Error> {
        if self
            .ours(|i| std::mem::take(&mut i.signalled))?
            .unwrap_or(false)
        {
            self.dispatcher.deferred()?;
            self.flush()?;
        }
        Ok(())
    }

    fn outlook(&self) -> Result<Outlook, Error> {
        let wait = self.ours(|instance| {
            let stops = instance.stopping && !instance.winding_up;
            if stops || instance.signalled || instance.fibers_due {
                return Some(Duration::ZERO);
            }
            instance.reactor.poll_timeout(Instant::now())
        })?;
        Ok(wait.map_or(Outlook::Stop, Outlook::Wait))
    }

    /// Looks first, since there mostly is work, and waits only where there is none. A loop that had to
    /// wait waits at once the next time, until a wait turns out to have been none.
    fn poll(&mut self, timeout: Option<Duration>) -> Result<(), Error> {
        let Some(Some(mut poller)) = self.ours(|i| i.poller.take())? else {
            return Ok(());
        };
        let may_wait = timeout != Some(Duration::ZERO);
        let mut polled = Ok(());
        let mut waited = Ok(false);
        if !(self.idle && may_wait) {
            polled = poller.poll(Some(Duration::ZERO));
        } else {
            poller.clear();
        }
        if polled.is_ok() && poller.is_empty() && may_wait {
            self.ours(|instance| instance.sleeping = true)?;
            let start = Instant::now();
            waited = gvl::wait_readable(poller.as_raw_fd(), timeout);
            self.idle = start.elapsed() > SHORT_WAIT;
            // Where only time passed, there is nothing to look for.
            if !matches!(waited, Ok(false)) {
                polled = poller.poll(Some(Duration::ZERO));
            }
        }
        // What a signal handler raised is handed out only after the state is whole again.
        self.ours(|instance| {
            instance.sleeping = false;
            instance.reactor.collect(&poller, Instant::now());
            instance.poller = Some(poller);
        })?;
        waited?;
        polled.map_err(|error| errors::from(self.ruby, &error))
    }

    /// Runs the fibers that became ready, of which there are none unless a program has made some.
    fn fibers(&self) -> Result<(), Error> {
        let due = self.ours(|instance| {
            std::mem::take(&mut instance.fibers_due) || instance.reactor.has_woken()
        })?;
        if due.unwrap_or(false) {
            scheduler::run_ready(self.ruby)?;
            while let Some(failure) = scheduler::next_failure(self.ruby) {
                self.dispatcher.handle(failure)?;
            }
        }
        Ok(())
    }

    fn events(&mut self) -> Result<(), Error> {
        self.fibers()?;
        let mut acted = 0;
        loop {
            let buffer = &mut self.buffer;
            let serial = self.serial;
            let next = instance::peek(self.ruby, |instance| {
                (instance.serial == serial)
                    .then(|| instance.reactor.next_event(buffer))
                    .flatten()
            })?;
            let Some(event) = next.flatten() else {
                return Ok(());
            };
            self.act(&event, &self.buffer, &mut acted)?;
        }
    }

    /// Acts on one of a row of events, and writes what was sent where it is the turn for that.
    fn act(&self, event: &Event, buffer: &[u8], acted: &mut usize) -> Result<(), Error> {
        self.dispatcher.dispatch(event, buffer)?;
        *acted += 1;
        if *acted % EVENTS_PER_FLUSH == 0 {
            self.flush()?;
        }
        Ok(())
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
    if instance::look(ruby, "release_machine", |i| i.reactor.is_forked())? {
        if let Some(instance) = instance::take(ruby)? {
            // The parent's queue goes first, so that nothing of the parent's is removed from it.
            drop(instance.poller);
            instance.reactor.abandon();
        }
        return Ok(());
    }
    let dispatcher = Dispatcher::new(ruby)?;
    let mut first_error = end_children(ruby);
    // Callbacks may open new descriptors; that is not followed for ever.
    for _ in 0..8 {
        let (children, done) = instance::look(ruby, "release_machine", |instance| {
            instance.reactor.flush();
            let children = instance.reactor.close_all();
            (children, instance.reactor.is_empty())
        })?;
        for pid in children {
            first_error = first_error.and(leave_child(ruby, pid));
        }
        if done {
            break;
        }
        while let Some(event) = instance::peek(ruby, |i| i.reactor.next_event(&mut []))?.flatten() {
            first_error = first_error.and(dispatcher.dispatch(&event, &[]));
        }
    }
    instance::retire(ruby).and(first_error)
}

/// Tells child processes to end. Most do so at once, so that their `unbind` knows how.
fn end_children(ruby: &Ruby) -> Result<(), Error> {
    let deadline = Instant::now() + CHILDREN_LIMIT;
    instance::look(ruby, "release_machine", |i| i.reactor.terminate_children())?;
    while instance::look(ruby, "release_machine", |i| i.reactor.reap_children())? > 0 {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() || !await_children(ruby, remaining.min(CHILDREN_INTERVAL))? {
            break;
        }
    }
    Ok(())
}

/// Waits until something happens to a descriptor; false where there is nothing to wait by.
fn await_children(ruby: &Ruby, timeout: Duration) -> Result<bool, Error> {
    let waits_by = |i: &mut Instance| i.poller.as_ref().map(AsRawFd::as_raw_fd);
    let Some(descriptor) = instance::look(ruby, "release_machine", waits_by)? else {
        return Ok(false);
    };
    gvl::wait_readable(descriptor, Some(timeout))?;
    instance::look(ruby, "release_machine", |instance| {
        let Some(poller) = &mut instance.poller else {
            return false;
        };
        let polled = poller.poll(Some(Duration::ZERO));
        instance.reactor.collect(poller, Instant::now());
        polled.is_ok()
    })
}

/// A child that goes on running is waited for by a thread of Ruby's, lest it stay a zombie.
fn leave_child(ruby: &Ruby, pid: u32) -> Result<(), Error> {
    let process: RModule = ruby.class_object().const_get("Process")?;
    process.funcall::<_, _, Value>("detach", (pid,)).map(drop)
}
