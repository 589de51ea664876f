//! The life of the loop.

use std::time::{Duration, Instant};

use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::scan_args::scan_args;
use magnus::{Error, RModule, Ruby, Symbol, Value, function, method};

use crate::turn::{self, Loop};
use crate::{convert, errors, instance, names};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("initialize_event_machine", function!(instance::create, 0))?;
    module.define_module_function("run_machine", function!(run_machine, 0))?;
    let run = function!(run_machine_without_threads, 0);
    module.define_module_function("run_machine_without_threads", run)?;
    module.define_module_function("run_machine_once", function!(run_machine_once, -1))?;
    module.define_module_function("release_machine", function!(turn::release, 0))?;
    module.define_module_function("stop", function!(stop, 0))?;
    module.define_module_function("stopping?", function!(is_stopping, 0))?;
    module.define_singleton_method("wind_up", function!(wind_up, 1))?;
    module.define_module_function("signal_loopbreak", function!(signal_loopbreak, 0))?;
    module.define_module_function("current_time", function!(current_time, 0))?;
    module.define_singleton_method("iteration", method!(iteration, 0))?;
    module.define_singleton_method("update_now", method!(update_now, 0))?;
    module.define_module_function("library_type", function!(library_type, 0))?;
    let singleton = module.singleton_class()?;
    singleton.define_private_method("inherit_machine", method!(inherit_machine, 0))?;
    singleton.define_private_method("watched_count", method!(watched_count, 0))?;
    singleton.define_private_method("hold_opened", method!(hold_opened, 0))?;
    singleton.define_private_method("claim_opened", method!(claim_opened, 0))
}

fn run_machine(ruby: &Ruby) -> Result<(), Error> {
    Loop::new(ruby)?.run()
}

/// The same: no loop needs a thread of its own.
fn run_machine_without_threads(ruby: &Ruby) -> Result<(), Error> {
    Loop::new(ruby)?.run()
}

/// One turn. Without a time to wait at most, false once the loop is stopped; with one, whether
/// something happened.
fn run_machine_once(ruby: &Ruby, arguments: &[Value]) -> Result<bool, Error> {
    let (limit,) = scan_args::<(), (Option<Option<f64>>,), (), (), (), ()>(arguments)?.optional;
    let mut turns = Loop::new(ruby)?;
    let Some(seconds) = limit.flatten() else {
        return Ok(turns.once(Duration::MAX)?.is_some());
    };
    if seconds.is_nan() || seconds < 0.0 {
        let message = format!("the timeout must not be negative: {seconds}");
        return Err(errors::argument(ruby, message));
    }
    let happened = turns.once(convert::span(seconds))?;
    Ok(happened.unwrap_or(false))
}

fn stop(ruby: &Ruby) -> Result<(), Error> {
    instance::change(ruby, |instance| {
        instance.stopping = true;
        instance.lookups.interrupt();
    })
}

/// Holds back the events of what the calling thread opens from now on, until [`claim_opened`].
/// False in the thread of the loop, which gives no events meanwhile, and where it does so already.
fn hold_opened(ruby: &Ruby, module: RModule) -> Result<bool, Error> {
    let thread = ruby.thread_current().as_raw();
    let loops: Value = module.ivar_get(*names::REACTOR_THREAD)?;
    if loops.as_raw() == thread {
        return Ok(false);
    }
    let started = instance::peek(ruby, |instance| {
        let is_new = instance.openers.iter().all(|(opener, _)| *opener != thread);
        if is_new {
            instance.openers.push((thread, Vec::new()));
        }
        is_new
    })?;
    Ok(started.unwrap_or(false))
}

/// Has the events of what the calling thread has opened meanwhile be told: their objects are made.
fn claim_opened(ruby: &Ruby, _module: RModule) -> Result<(), Error> {
    let thread = ruby.thread_current().as_raw();
    // Where there is nothing, the loop has ended meanwhile.
    instance::change_if_any(ruby, |instance| {
        let place = instance
            .openers
            .iter()
            .position(|(opener, _)| *opener == thread);
        let held = place.map(|place| instance.openers.swap_remove(place).1);
        for id in held.into_iter().flatten() {
            instance.reactor.claim(id);
        }
    })
    .map(drop)
}

/// Has the loop go on although it was stopped, by [`run_machine_once`], or not any more.
fn wind_up(ruby: &Ruby, goes_on: bool) -> Result<(), Error> {
    instance::look(ruby, |instance| instance.winding_up = goes_on)
}

fn is_stopping(ruby: &Ruby) -> Result<bool, Error> {
    instance::look(ruby, |instance| instance.stopping)
}

/// Has the loop call `run_deferred_callbacks` in its next turn.
fn signal_loopbreak(ruby: &Ruby) -> Result<(), Error> {
    instance::alert(ruby, |instance| instance.signalled = true)
}

/// The time at which the present turn of the loop began.
fn current_time(ruby: &Ruby) -> Result<Value, Error> {
    let time = instance::look(ruby, |i| i.clock.time_of_day(i.reactor.now()))?;
    Ok(ruby.into_value(time))
}

/// How many turns of the loop have begun.
fn iteration(ruby: &Ruby, _module: RModule) -> Result<u64, Error> {
    instance::look(ruby, |instance| instance.iteration)
}

/// The process that has forked this one has ended, where the loop is in this one.
fn inherit_machine(ruby: &Ruby, _module: RModule) -> Result<(), Error> {
    instance::peek(ruby, |instance| instance.reactor.inherit()).map(drop)
}

/// How many descriptors, watched files and timers there are.
fn watched_count(ruby: &Ruby, _module: RModule) -> Result<usize, Error> {
    instance::look(ruby, |i| i.reactor.watched_count())
}

/// Takes notice of the time amid a turn.
fn update_now(ruby: &Ruby, _module: RModule) -> Result<Value, Error> {
    instance::look(ruby, |i| i.reactor.advance(Instant::now()))?;
    current_time(ruby)
}

fn library_type(ruby: &Ruby) -> Symbol {
    ruby.to_symbol("extension")
}
