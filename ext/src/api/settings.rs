//! Limits and settings.

use em_reactor::{Error as Cause, become_user, descriptor_limit};
use magnus::value::Qtrue;
use magnus::{Error, RModule, Ruby, Value, function};

use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("get_max_timer_count", function!(get_max_timer_count, 0))?;
    module.define_module_function("set_max_timer_count", function!(set_max_timer_count, 1))?;
    module.define_module_function("set_timer_quantum", function!(set_timer_quantum, 1))?;
    let get = function!(get_simultaneous_accept_count, 0);
    module.define_module_function("get_simultaneous_accept_count", get)?;
    let set = function!(set_simultaneous_accept_count, 1);
    module.define_module_function("set_simultaneous_accept_count", set)?;
    module.define_module_function(
        "get_heartbeat_interval",
        function!(get_heartbeat_interval, 0),
    )?;
    module.define_module_function(
        "set_heartbeat_interval",
        function!(set_heartbeat_interval, 1),
    )?;
    module.define_module_function("set_rlimit_nofile", function!(set_rlimit_nofile, 1))?;
    module.define_module_function("setuid_string", function!(setuid_string, 1))?;
    module.define_module_function("epoll", function!(epoll, 0))?;
    module.define_module_function("epoll?", function!(is_epoll, 0))?;
    module.define_module_function("epoll=", function!(set_epoll, 1))?;
    module.define_module_function("kqueue", function!(is_kqueue, 0))?;
    module.define_module_function("kqueue?", function!(is_kqueue, 0))?;
    module.define_module_function("kqueue=", function!(set_kqueue, 1))
}

/// What is said where there is no limit, since upstream's is that.
const MAX_TIMERS: usize = 100_000;

/// The lowest limit there can be, as upstream's.
const MIN_TIMERS: usize = 100;

fn get_max_timer_count(ruby: &Ruby) -> Result<usize, Error> {
    instance::settings(ruby, |settings| settings.max_timers.unwrap_or(MAX_TIMERS))
}

/// May be called at any time; timers that are there already stay.
fn set_max_timer_count(ruby: &Ruby, count: i64) -> Result<(), Error> {
    let count = at_least(MIN_TIMERS, count);
    instance::settings(ruby, |settings| settings.max_timers = Some(count))?;
    instance::peek(ruby, |i| i.reactor.set_timer_limit(count))?;
    Ok(())
}

/// Accepted for compatibility: timers are exact to what the system's poll can do.
fn set_timer_quantum(ruby: &Ruby, milliseconds: i64) -> Result<(), Error> {
    instance::look(ruby, |_| ())?;
    if milliseconds > 0 {
        return Ok(());
    }
    let message = format!("quantum must be positive, not {milliseconds}");
    Err(errors::argument(ruby, message))
}

fn get_simultaneous_accept_count(ruby: &Ruby) -> Result<usize, Error> {
    instance::settings(ruby, |settings| settings.accepts_per_turn)
}

fn set_simultaneous_accept_count(ruby: &Ruby, count: i64) -> Result<(), Error> {
    let count = at_least(1, count);
    instance::settings(ruby, |settings| settings.accepts_per_turn = count)?;
    instance::peek(ruby, |i| i.reactor.set_accepts_per_turn(count))?;
    Ok(())
}

fn at_least(least: usize, count: i64) -> usize {
    usize::try_from(count).unwrap_or(least).max(least)
}

/// Seconds.
fn get_heartbeat_interval(ruby: &Ruby) -> Result<f64, Error> {
    instance::look(ruby, |_| ())?;
    instance::settings(ruby, |settings| settings.heartbeat_interval)
}

/// Kept for those who ask for it: every timeout is looked at when it is due. False, and nothing
/// changed, where the interval is not positive.
fn set_heartbeat_interval(ruby: &Ruby, seconds: f64) -> Result<bool, Error> {
    instance::look(ruby, |_| ())?;
    instance::settings(ruby, |settings| {
        let valid = seconds > 0.0;
        if valid {
            settings.heartbeat_interval = seconds;
        }
        valid
    })
}

/// Sets the limit of open descriptors, or leaves it where there is no number or a negative one;
/// returns the limit.
fn set_rlimit_nofile(ruby: &Ruby, limit: Option<i64>) -> Result<u64, Error> {
    descriptor_limit(limit.and_then(|limit| u64::try_from(limit).ok()))
        .map_err(|cause| errors::from(ruby, &cause))
}

/// Becomes the user of that name.
fn setuid_string(ruby: &Ruby, name: Value) -> Result<(), Error> {
    let name = convert::text(ruby, name)?;
    become_user(&name).map_err(|cause| match cause {
        Cause::UnknownUser(_) => errors::runtime(ruby, format!("setuid_string failed: {cause}")),
        _ => errors::from(ruby, &cause),
    })
}

/// Asks for epoll(7), which is used anyway where the system has it.
fn epoll() -> bool {
    true
}

/// Whether the loop waits by epoll(7); it needs no asking.
fn is_epoll() -> bool {
    cfg!(any(target_os = "linux", target_os = "android"))
}

fn set_epoll(ruby: &Ruby, wanted: Value) -> Result<Value, Error> {
    demand(ruby, wanted, is_epoll(), "epoll")
}

/// Whether the loop waits by kqueue(2).
fn is_kqueue() -> bool {
    cfg!(any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    ))
}

fn set_kqueue(ruby: &Ruby, wanted: Value) -> Result<Value, Error> {
    demand(ruby, wanted, is_kqueue(), "kqueue")
}

fn demand(ruby: &Ruby, wanted: Value, available: bool, name: &str) -> Result<Value, Error> {
    if Qtrue::from_value(wanted).is_some() && !available {
        return Err(errors::own(
            ruby,
            "Unsupported",
            format!("{name} is not supported on this platform"),
        ));
    }
    Ok(wanted)
}
