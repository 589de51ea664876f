//! Timers.

use std::time::Instant;

use magnus::prelude::*;
use magnus::{Error, RHash, RModule, Ruby, TryConvert, Value, function, method};

use crate::{convert, errors, instance, names};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("add_oneshot_timer", function!(add_oneshot_timer, 1))?;
    let singleton = module.singleton_class()?;
    singleton.define_private_method("install_timer", method!(install_timer, 2))?;
    module.define_module_function("cancel_oneshot_timer", function!(cancel_oneshot_timer, 1))?;
    module.define_module_function("get_timer_count", function!(get_timer_count, 0))
}

/// Adds a timer that fires once after so many milliseconds, and returns its signature.
fn add_oneshot_timer(ruby: &Ruby, milliseconds: Value) -> Result<u64, Error> {
    let delay = convert::duration(ruby, f64::try_convert(milliseconds)? / 1000.0, milliseconds)?;
    let settings = instance::settings(ruby, |settings| *settings)?;
    let added = instance::change(ruby, "add_oneshot_timer", |instance| {
        if settings.max_timers_set && instance.reactor.timer_count() >= settings.max_timers {
            return None;
        }
        Some(instance.reactor.add_timer(Instant::now(), delay))
    })?;
    match added {
        Some(Ok(id)) => Ok(id.as_u64()),
        Some(Err(error)) => Err(errors::from(ruby, &error)),
        None => {
            let limit = settings.max_timers;
            Err(errors::runtime(
                ruby,
                format!("no more than {limit} timers: see set_max_timers"),
            ))
        }
    }
}

/// Adds a timer and what it calls: nothing comes between, so that it cannot fire before it is known.
fn install_timer(
    ruby: &Ruby,
    module: RModule,
    milliseconds: Value,
    callback: Value,
) -> Result<u64, Error> {
    let timers: RHash = module.ivar_get(*names::TIMERS)?;
    let id = add_oneshot_timer(ruby, milliseconds)?;
    timers.aset(id, callback)?;
    Ok(id)
}

/// Removes a timer; false where there is none of that signature, or it fired.
fn cancel_oneshot_timer(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    instance::change(ruby, "cancel_oneshot_timer", |i| i.reactor.cancel_timer(id))
}

fn get_timer_count(ruby: &Ruby) -> Result<usize, Error> {
    instance::look(ruby, "get_timer_count", |i| i.reactor.timer_count())
}
