//! What tasks need beyond the hooks: interrupts, alarms, shields, and an account of who waits.

use std::time::Instant;

use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::{Error, RArray, RClass, Ruby, Value, method};

use super::{Scheduler, alarms, bind, hooks, seconds, switch, waits as waiting};
use crate::own::Own;

type This = Own<Scheduler>;

pub(super) fn init(class: RClass) -> Result<(), Error> {
    class.define_private_method("interrupt", method!(interrupt, 3))?;
    class.define_private_method("arm", method!(arm, 2))?;
    class.define_private_method("disarm", method!(disarm, 1))?;
    class.define_private_method("shield", method!(shield, 1))?;
    class.define_private_method("top_fiber", method!(top_fiber, 0))?;
    class.define_private_method("attach", method!(attach, 0))?;
    class.define_private_method("end_soon", method!(end_soon, 0))?;
    class.define_private_method("checkpoint", method!(checkpoint, 0))?;
    class.define_private_method("counts", method!(counts, 0))?;
    class.define_private_method("waits", method!(waits, 0))?;
    class.define_method("attached?", method!(is_attached, 0))
}

/// Raises in a fiber where it waits: before this returns where `now` is so, else when it is its
/// turn.
fn interrupt(
    ruby: &Ruby,
    this: This,
    fiber: Value,
    exception: Value,
    now: bool,
) -> Result<(), Error> {
    hooks::interrupt(ruby, this, fiber, exception, now)
}

/// Has an exception raised in the running fiber after so many seconds; the name for `disarm`.
fn arm(ruby: &Ruby, this: This, after: Value, exception: Value) -> Result<u64, Error> {
    let after = seconds::duration(ruby, after)?.unwrap_or_default();
    alarms::arm(ruby, this, after, exception.as_raw())
}

fn disarm(ruby: &Ruby, this: This, alarm: u64) -> Result<(), Error> {
    alarms::disarm(ruby, &this, alarm)
}

/// Begins or ends a shield of the running task.
fn shield(ruby: &Ruby, this: This, begins: bool) -> Result<(), Error> {
    bind(ruby, this)?;
    let mut state = this.state();
    let top = state.top_of(switch::current(ruby));
    let depth = state.depth(top);
    match (begins, depth) {
        (true, _) => drop(state.shields.insert(top, depth + 1)),
        (false, 0 | 1) => drop(state.shields.remove(&top)),
        (false, _) => drop(state.shields.insert(top, depth - 1)),
    }
    Ok(())
}

/// The fiber of the task that runs, from whatever fiber of it.
fn top_fiber(ruby: &Ruby, this: This) -> Value {
    let fiber = this.state().top_of(switch::current(ruby));
    switch::value(fiber)
}

/// Binds the scheduler to the loop that runs in this thread.
fn attach(ruby: &Ruby, this: This) -> Result<(), Error> {
    bind(ruby, this)
}

/// The loop has no turn left for fibers that would wait.
fn end_soon(this: This) {
    this.state().ending = true;
}

/// Raises what was to be raised while the task was shielded.
fn checkpoint(ruby: &Ruby, this: This) -> Result<(), Error> {
    let fiber = switch::current(ruby);
    match alarms::overdue(ruby, &this, fiber)? {
        Some(exception) => Err(waiting::raised(exception)),
        None => Ok(()),
    }
}

/// Who waits: the fiber, that of its task, what for, and for how many seconds.
fn waits(ruby: &Ruby, this: This) -> Result<RArray, Error> {
    let now = Instant::now();
    let waits: Vec<_> = {
        let state = this.state();
        let waiters = state.waiters.iter();
        waiters
            .map(|w| (w.fiber, w.top, w.kind.name(), now.duration_since(w.since)))
            .collect()
    };
    let all = ruby.ary_new();
    for (fiber, top, kind, time) in waits {
        let entry = ruby.ary_new();
        entry.push(switch::value(fiber))?;
        entry.push(switch::value(top))?;
        entry.push(ruby.to_symbol(kind))?;
        entry.push(time.as_secs_f64())?;
        all.push(entry)?;
    }
    Ok(all)
}

/// How much there is: waits, what is to run, what is to be raised, drain fibers without work; waits
/// and descriptors of the reactor's.
fn counts(ruby: &Ruby, this: This) -> Result<RArray, Error> {
    let mut state = this.state();
    let reactor = state.engine.reactor(ruby, |reactor| {
        (reactor.wait_count(), reactor.registration_count())
    })?;
    let own = [
        state.waiters.len(),
        state.by_fiber.len(),
        state.ready.len() + state.later.len() + state.urgent.len(),
        state.alarms.len(),
        state.pending.len() + state.shields.len(),
        state.idle.len(),
        reactor.0,
        reactor.1,
    ];
    drop(state);
    Ok(ruby.ary_from_iter(own))
}

/// Whether it runs on the loop of `EventMachine.run`.
fn is_attached(this: This) -> bool {
    this.state().engine.is_attached()
}
