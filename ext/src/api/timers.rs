//! Timers.

use std::time::{Duration, Instant};

use em_reactor::Id;
use magnus::prelude::*;
use magnus::{Error, ExceptionClass, Fixnum, Float, RModule, Ruby, Time, TryConvert, Value};
use magnus::{function, method};

use crate::instance::{self, Instance};
use crate::signatures::Table;
use crate::{convert, errors, names, signatures};

pub(super) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    module.define_module_function("add_oneshot_timer", function!(add_oneshot_timer, 1))?;
    module.define_module_function("cancel_oneshot_timer", function!(cancel_oneshot_timer, 1))?;
    module.define_module_function("get_timer_count", function!(get_timer_count, 0))?;
    module.define_singleton_method("add_timer", method!(add_timer, -1))?;
    module.define_singleton_method("cancel_timer", method!(cancel_timer, 1))?;
    let singleton = module.singleton_class()?;
    singleton.define_private_method("renew_timer", method!(renew_timer, 3))?;
    singleton.define_private_method("time_until", method!(time_until, 1))?;
    singleton.define_private_method("stop_timers", method!(stop_timers, 0))?;
    module.define_singleton_method("resume_timers", method!(resume_timers, 0))?;
    let periodic = module.define_class("PeriodicTimer", ruby.class_object())?;
    periodic.define_private_method("wait_again", method!(wait_again, 2))
}

/// Adds a timer that fires once after so many milliseconds, and returns its signature.
fn add_oneshot_timer(ruby: &Ruby, milliseconds: Value) -> Result<u64, Error> {
    let delay = convert::duration(ruby, f64::try_convert(milliseconds)? / 1000.0, milliseconds)?;
    start(ruby, delay).map(Id::as_u64)
}

/// Removes a timer; false where there is none of that signature, or it fired.
fn cancel_oneshot_timer(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    instance::change(ruby, |i| i.reactor.cancel_timer(id))
}

fn get_timer_count(ruby: &Ruby) -> Result<usize, Error> {
    instance::look(ruby, |i| i.reactor.timer_count())
}

/// See docs/native.rb.
fn add_timer(ruby: &Ruby, module: RModule, arguments: &[Value]) -> Result<Option<u64>, Error> {
    let callback = match arguments.get(1) {
        Some(callback) if callback.to_bool() => *callback,
        _ if ruby.block_given() => ruby.block_proc()?.as_value(),
        _ => return Ok(None),
    };
    let seconds = match arguments.first() {
        Some(seconds) => interval(ruby, *seconds)?,
        None => 0.0,
    };
    let delay = span(ruby, seconds)?;
    let id = start(ruby, delay)?;
    know(ruby, module, id, callback).map(Some)
}

/// See docs/native.rb.
fn cancel_timer(ruby: &Ruby, module: RModule, timer: Value) -> Result<Value, Error> {
    if Fixnum::from_value(timer).is_none() && timer.respond_to(*names::CANCEL, false)? {
        return timer.funcall(*names::CANCEL, ());
    }
    if !signatures::remove(ruby, module, Table::Timers, timer)?.to_bool() {
        return Ok(ruby.qnil().as_value());
    }
    cancel_oneshot_timer(ruby, timer).map(|_| ruby.qfalse().as_value())
}

/// Has `callback` called after so many seconds, in place of the timer `previous`.
fn renew_timer(
    ruby: &Ruby,
    module: RModule,
    previous: Value,
    seconds: Value,
    callback: Value,
) -> Result<u64, Error> {
    let delay = span(ruby, interval(ruby, seconds)?)?;
    let replaced = convert::id(previous)?;
    instance::change_for(ruby, "add_timer", |i| i.reactor.cancel_timer(replaced))?;
    signatures::remove(ruby, module, Table::Timers, previous)?;
    let id = start(ruby, delay)?;
    know(ruby, module, id, callback)
}

/// Seconds until a timer is due, none of them negative; nil where it has fired or was cancelled.
fn time_until(ruby: &Ruby, _module: RModule, signature: Value) -> Result<Option<f64>, Error> {
    let id = convert::id(signature)?;
    let remaining = |i: &mut Instance| i.reactor.timer_remaining(id, Instant::now());
    let remaining = instance::peek(ruby, remaining)?.flatten();
    Ok(remaining.map(|remaining| remaining.as_secs_f64()))
}

/// Has all timers wait; false where they do.
fn stop_timers(ruby: &Ruby, _module: RModule) -> Result<bool, Error> {
    instance::change_for(ruby, "suspend_timers", |i| {
        i.reactor.suspend_timers(Instant::now())
    })
}

/// See docs/native.
fn resume_timers(ruby: &Ruby, _module: RModule) -> Result<bool, Error> {
    instance::change(ruby, |i| i.reactor.resume_timers(Instant::now()))
}

/// Has a periodic timer called once more, `period` seconds after it last was to, and returns the
/// signature for that. Where it waits already, or does not call at present, the period begins now.
fn wait_again(ruby: &Ruby, timer: Value, previous: Value, period: Value) -> Result<u64, Error> {
    let module = names::module(ruby)?;
    let period = span(ruby, interval(ruby, period)?)?;
    let waits = match previous.is_nil() {
        true => Id::from(0),
        false => convert::id(previous)?,
    };
    let (waited, started) = instance::change_for(ruby, "add_timer", |i| {
        let waited = i.reactor.cancel_timer(waits);
        (
            waited,
            i.reactor.repeat_timer(Instant::now(), waits, period),
        )
    })?;
    if waited {
        signatures::remove(ruby, module, Table::Timers, previous)?;
    }
    let id = started.map_err(|error| errors::from(ruby, &error))?;
    know(ruby, module, id, timer)
}

/// A number of seconds, or what else has `to_f`; but for a Time, which would be decades.
fn interval(ruby: &Ruby, seconds: Value) -> Result<f64, Error> {
    if let Some(float) = Float::from_value(seconds) {
        return Ok(float.to_f64());
    }
    match Fixnum::from_value(seconds) {
        Some(integer) => Ok(integer.to_i64() as f64),
        None if Time::from_value(seconds).is_some() => Err(Error::new(
            ruby.exception_type_error(),
            format!("{seconds} is a time and no interval: EventMachine.at takes it"),
        )),
        None => seconds.funcall(*names::TO_F, ()),
    }
}

/// The time that so many seconds take; what is less than nothing is nothing.
fn span(ruby: &Ruby, seconds: f64) -> Result<Duration, Error> {
    if seconds.is_finite() {
        return Ok(convert::span(seconds));
    }
    let class = ruby
        .class_object()
        .const_get::<_, ExceptionClass>("FloatDomainError")?;
    let seconds = ruby.float_from_f64(seconds);
    Err(Error::new(class, format!("timer interval is {seconds}")))
}

#[inline(always)]
fn start(ruby: &Ruby, delay: Duration) -> Result<Id, Error> {
    let add = |i: &mut Instance| i.reactor.add_timer(Instant::now(), delay);
    instance::change(ruby, add)?.map_err(|error| errors::from(ruby, &error))
}

/// Keeps what a timer calls. No other thread has run since it was added, so it cannot have fired.
#[inline(always)]
fn know(ruby: &Ruby, module: RModule, id: Id, callback: Value) -> Result<u64, Error> {
    let stored = signatures::store(ruby, module, Table::Timers, id.as_u64(), callback);
    if stored.is_err() {
        instance::change(ruby, |i| i.reactor.cancel_timer(id))?;
    }
    stored.map(|()| id.as_u64())
}
