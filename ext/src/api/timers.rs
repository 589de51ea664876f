//! Timers.

use std::time::{Duration, Instant};

use em_reactor::Id;
use magnus::prelude::*;
use magnus::{Error, ExceptionClass, Fixnum, Float, RModule, Ruby, TryConvert, Value};
use magnus::{function, method};

use crate::{convert, errors, instance, names, signatures};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("add_oneshot_timer", function!(add_oneshot_timer, 1))?;
    module.define_module_function("cancel_oneshot_timer", function!(cancel_oneshot_timer, 1))?;
    module.define_module_function("get_timer_count", function!(get_timer_count, 0))?;
    module.define_singleton_method("add_timer", method!(add_timer, -1))?;
    module.define_singleton_method("cancel_timer", method!(cancel_timer, 1))
}

/// Adds a timer that fires once after so many milliseconds, and returns its signature.
fn add_oneshot_timer(ruby: &Ruby, milliseconds: Value) -> Result<u64, Error> {
    let delay = convert::duration(ruby, f64::try_convert(milliseconds)? / 1000.0, milliseconds)?;
    start(ruby, "add_oneshot_timer", delay).map(Id::as_u64)
}

/// Removes a timer; false where there is none of that signature, or it fired.
fn cancel_oneshot_timer(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    instance::change(ruby, "cancel_oneshot_timer", |i| i.reactor.cancel_timer(id))
}

fn get_timer_count(ruby: &Ruby) -> Result<usize, Error> {
    instance::look(ruby, "get_timer_count", |i| i.reactor.timer_count())
}

/// See lib/em/scheduling.rb.
fn add_timer(ruby: &Ruby, module: RModule, arguments: &[Value]) -> Result<Option<u64>, Error> {
    let callback = match arguments.get(1) {
        Some(callback) if callback.to_bool() => *callback,
        _ if ruby.block_given() => ruby.block_proc()?.as_value(),
        _ => return Ok(None),
    };
    let seconds = match arguments.first() {
        Some(seconds) => interval(*seconds)?,
        None => 0.0,
    };
    if !seconds.is_finite() {
        return Err(endless(ruby, seconds));
    }
    let delay = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
    let id = start(ruby, "add_timer", delay)?;
    // No other thread runs in between, so the timer cannot fire before it is known.
    let stored = signatures::store(ruby, module, &names::TIMERS, id.as_u64(), callback);
    if stored.is_err() {
        instance::change(ruby, "add_timer", |i| i.reactor.cancel_timer(id))?;
    }
    stored.map(|()| Some(id.as_u64()))
}

/// See lib/em/scheduling.rb.
fn cancel_timer(ruby: &Ruby, module: RModule, timer: Value) -> Result<Value, Error> {
    if Fixnum::from_value(timer).is_none() && timer.respond_to(*names::CANCEL, false)? {
        return timer.funcall(*names::CANCEL, ());
    }
    if !signatures::remove(ruby, module, &names::TIMERS, timer)?.to_bool() {
        return Ok(ruby.qnil().as_value());
    }
    cancel_oneshot_timer(ruby, timer).map(|_| ruby.qfalse().as_value())
}

/// A number of seconds, or what else has `to_f`.
fn interval(seconds: Value) -> Result<f64, Error> {
    if let Some(float) = Float::from_value(seconds) {
        return Ok(float.to_f64());
    }
    match Fixnum::from_value(seconds) {
        Some(integer) => Ok(integer.to_i64() as f64),
        None => seconds.funcall(*names::TO_F, ()),
    }
}

fn endless(ruby: &Ruby, seconds: f64) -> Error {
    let class = ruby
        .class_object()
        .const_get::<_, ExceptionClass>("FloatDomainError");
    match class {
        Ok(class) => {
            let seconds = ruby.float_from_f64(seconds);
            Error::new(class, format!("timer interval is {seconds}"))
        }
        Err(error) => error,
    }
}

fn start(ruby: &Ruby, operation: &str, delay: Duration) -> Result<Id, Error> {
    let settings = instance::settings(ruby, |settings| *settings)?;
    let added = instance::change(ruby, operation, |instance| {
        if settings.max_timers_set && instance.reactor.timer_count() >= settings.max_timers {
            return None;
        }
        Some(instance.reactor.add_timer(Instant::now(), delay))
    })?;
    match added {
        Some(added) => added.map_err(|error| errors::from(ruby, &error)),
        None => {
            let limit = settings.max_timers;
            let message = format!("no more than {limit} timers: see set_max_timers");
            Err(errors::runtime(ruby, message))
        }
    }
}
