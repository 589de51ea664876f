//! The life of the loop.

use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::{Error, RModule, Ruby, Symbol, Value, function, method};

use crate::turn::{self, Loop};
use crate::{convert, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("initialize_event_machine", function!(instance::create, 0))?;
    module.define_module_function("run_machine", function!(run_machine, 0))?;
    let run = function!(run_machine_without_threads, 0);
    module.define_module_function("run_machine_without_threads", run)?;
    module.define_module_function("run_machine_once", function!(run_machine_once, 0))?;
    module.define_module_function("release_machine", function!(turn::release, 0))?;
    module.define_module_function("stop", function!(stop, 0))?;
    module.define_module_function("stopping?", function!(is_stopping, 0))?;
    module.define_singleton_method("wind_up", function!(wind_up, 1))?;
    module.define_module_function("signal_loopbreak", function!(signal_loopbreak, 0))?;
    module.define_module_function("current_time", function!(current_time, 0))?;
    module.define_module_function("library_type", function!(library_type, 0))?;
    let singleton = module.singleton_class()?;
    singleton.define_private_method("hold_opened", method!(hold_opened, 1))?;
    singleton.define_private_method("claim", method!(claim, 1))
}

fn run_machine(ruby: &Ruby) -> Result<(), Error> {
    Loop::new(ruby, "run_machine")?.run()
}

/// The same: no loop needs a thread of its own.
fn run_machine_without_threads(ruby: &Ruby) -> Result<(), Error> {
    Loop::new(ruby, "run_machine_without_threads")?.run()
}

fn run_machine_once(ruby: &Ruby) -> Result<bool, Error> {
    Loop::new(ruby, "run_machine_once")?.turn()
}

fn stop(ruby: &Ruby) -> Result<(), Error> {
    instance::change(ruby, "stop", |instance| {
        instance.stopping = true;
        if let Some(lookup) = instance.lookup.take() {
            lookup.send();
        }
    })
}

/// Holds back the events of what the calling thread opens from now on, until that is claimed; or does so
/// no more.
fn hold_opened(ruby: &Ruby, _module: RModule, held: Value) -> Result<(), Error> {
    let thread = ruby.thread_current().as_raw();
    instance::peek(ruby, |instance| {
        instance.openers.retain(|opener| *opener != thread);
        if held.to_bool() {
            instance.openers.push(thread);
        }
    })
    .map(drop)
}

/// Has the events of what was held back be told: its object is made.
fn claim(ruby: &Ruby, _module: RModule, signature: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    match instance::peek(ruby, |_| ())? {
        Some(()) => instance::change(ruby, "claim", |i| i.reactor.claim(id)),
        // The loop has ended meanwhile.
        None => Ok(()),
    }
}

fn is_stopping(ruby: &Ruby) -> Result<bool, Error> {
    instance::look(ruby, "stopping?", |instance| instance.stopping)
}

/// Has the loop go on although it was stopped, by [`run_machine_once`], or not any more.
fn wind_up(ruby: &Ruby, goes_on: bool) -> Result<(), Error> {
    instance::look(ruby, "stop", |instance| instance.winding_up = goes_on)
}

/// Has the loop call `run_deferred_callbacks` in its next turn.
fn signal_loopbreak(ruby: &Ruby) -> Result<(), Error> {
    instance::change(ruby, "signal_loopbreak", |instance| {
        instance.signalled = true
    })
}

/// The time at which the present turn of the loop began.
fn current_time(ruby: &Ruby) -> Result<Value, Error> {
    let time = instance::look(ruby, "current_time", |i| {
        i.clock.time_of_day(i.reactor.now())
    })?;
    Ok(ruby.into_value(time))
}

fn library_type(ruby: &Ruby) -> Symbol {
    ruby.to_symbol("extension")
}
