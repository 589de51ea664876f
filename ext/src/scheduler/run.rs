//! The loops that fibers run on: that of `EventMachine.run`, and a scheduler's own.

use std::time::Duration;

use magnus::prelude::*;
use magnus::{Error, RClass, Ruby, Value, function, method};

use super::drain::Share;
use super::engine::{self, Engine};
use super::{Scheduler, bind, drain, live, spare, switch, waits};
use crate::errors;
use crate::own::Own;

type This = Own<Scheduler>;

pub(super) fn init(class: RClass) -> Result<(), Error> {
    class.define_method("run", method!(run, 0))?;
    class.define_method("closed?", method!(is_closed, 0))?;
    class.define_private_method("finish", method!(finish, 0))?;
    class.define_singleton_method("closing", function!(closing, 1))?;
    class.define_singleton_method("reopening", function!(reopening, 1))?;
    class.define_singleton_method("abandon", function!(abandon, 0))
}

/// A turn of the loop of `EventMachine.run`: what became ready, and was before, runs.
pub(crate) fn run_ready(ruby: &Ruby) -> Result<(), Error> {
    let Some(scheduler) = live::attached(ruby) else {
        return Ok(());
    };
    waits::collect(ruby, &scheduler)?;
    drain::drain(ruby, scheduler, Share::Turn)
}

/// Amid the events of a turn: what these have woken runs. Who lets the loop have its turn waits for
/// the next one.
pub(crate) fn run_woken(ruby: &Ruby) -> Result<(), Error> {
    match live::attached(ruby) {
        Some(scheduler) => drain::drain(ruby, scheduler, Share::Woken),
        None => Ok(()),
    }
}

/// What ended a fiber that nobody asked for.
pub(crate) fn next_failure(ruby: &Ruby) -> Option<Error> {
    let scheduler = live::attached(ruby)?;
    let failure = scheduler.state().failures.pop_front();
    failure.map(waits::raised)
}

/// A fiber that took too long in the last turn, as a task if it is one.
pub(crate) fn next_slow(ruby: &Ruby) -> Option<(Value, Duration)> {
    let scheduler = live::attached(ruby)?;
    let (fiber, took) = scheduler.state().slow.pop_front()?;
    Some((switch::value(fiber), took))
}

/// Runs until no fiber waits any more. Where the scheduler is attached to the loop of
/// `EventMachine.run`, that runs them.
fn run(ruby: &Ruby, this: This) -> Result<(), Error> {
    let is_inside = {
        let state = this.state();
        let elsewhere = state.engine.is_attached() || state.abandoned || state.closed;
        elsewhere || state.running || state.hub.is_some()
    };
    if is_inside {
        return Ok(());
    }
    bind(ruby, this)?;
    {
        let mut state = this.state();
        state.running = true;
        state.loop_fiber = Some(switch::current(ruby));
    }
    let ended = turns(ruby, this);
    let failure = {
        let mut state = this.state();
        state.running = false;
        state.loop_fiber = None;
        state.failures.pop_front()
    };
    ended?;
    failure.map_or(Ok(()), |failure| Err(waits::raised(failure)))
}

fn turns(ruby: &Ruby, this: This) -> Result<(), Error> {
    loop {
        ruby.thread_check_ints()?;
        waits::collect(ruby, &this)?;
        drain::drain(ruby, this, Share::Turn)?;
        let begun = {
            let mut state = this.state();
            if state.abandoned || state.is_idle() {
                return Ok(());
            }
            let busy = state.has_ready();
            match &mut state.engine {
                Engine::Own(own) => own
                    .begin(busy)
                    .map(|(queue, timeout)| (queue, own.looks_first(timeout), timeout)),
                _ => None,
            }
        };
        let Some((mut queue, looks_first, timeout)) = begun else {
            return Ok(());
        };
        let (waited, polled, interrupted) = engine::poll(ruby, &mut queue, looks_first, timeout);
        if let Engine::Own(own) = &mut this.state().engine {
            own.end(queue, waited);
        }
        interrupted?;
        polled.map_err(|error| errors::from(ruby, &error))?;
    }
}

fn is_closed(this: This) -> bool {
    this.state().closed
}

/// Lets go of the loop, and of all who wait. Another thread, which was given this scheduler,
/// cannot.
fn finish(ruby: &Ruby, this: This) -> Result<(), Error> {
    if this.state().thread.is_some() && !this.is_bound_here(ruby) {
        return Ok(());
    }
    let (engine, idle, forked) = {
        let mut state = this.state();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        (std::mem::take(&mut state.engine), idle, state.abandoned)
    };
    live::remove(ruby, this);
    if engine.is_attached() && !forked {
        spare::keep(ruby, idle);
    }
    if let (Some(reactor), true) = (engine.into_reactor(), forked) {
        reactor.abandon();
    }
    Ok(())
}

fn closing(ruby: &Ruby, fd: i32) -> Result<(), Error> {
    live::closing(ruby, fd, false)
}

fn reopening(ruby: &Ruby, fd: i32) -> Result<(), Error> {
    live::closing(ruby, fd, true)
}

fn abandon(ruby: &Ruby) {
    live::abandon(ruby);
}
