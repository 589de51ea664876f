//! What is done with connections.

use std::time::{Duration, Instant};

use em_reactor::{Id, Reactor};
use magnus::prelude::*;
use magnus::{Error, RModule, RString, Ruby, TryConvert, Value, function, method};

use super::names;
use crate::convert;
use crate::instance::{self, Instance};
use crate::shared::{self, Shared};

pub(super) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    module.define_module_function("send_data", function!(send_data, 3))?;
    module.define_module_function("close_connection", function!(close_connection, 2))?;
    module.define_module_function("pause_connection", function!(pause_connection, 1))?;
    module.define_module_function("resume_connection", function!(resume_connection, 1))?;
    module.define_module_function("connection_paused?", function!(is_connection_paused, 1))?;
    module.define_module_function("get_connection_count", function!(get_connection_count, 0))?;
    module.define_module_function("num_close_scheduled", function!(num_close_scheduled, 0))?;
    module.define_module_function("get_idle_time", function!(get_idle_time, 1))?;
    let get = function!(get_comm_inactivity_timeout, 1);
    module.define_module_function("get_comm_inactivity_timeout", get)?;
    let set = function!(set_comm_inactivity_timeout, 2);
    module.define_module_function("set_comm_inactivity_timeout", set)?;
    let get = function!(get_pending_connect_timeout, 1);
    module.define_module_function("get_pending_connect_timeout", get)?;
    let set = function!(set_pending_connect_timeout, 2);
    module.define_module_function("set_pending_connect_timeout", set)?;
    let get = function!(get_connection_attempt_timeout, 1);
    module.define_singleton_method("get_connection_attempt_timeout", get)?;
    let set = function!(set_connection_attempt_timeout, 2);
    module.define_singleton_method("set_connection_attempt_timeout", set)?;
    let connection = module.define_class("Connection", ruby.class_object())?;
    connection.define_method("get_outbound_data_size", method!(get_outbound_data_size, 0))?;
    connection.define_method(
        "associate_callback_target",
        method!(associate_callback_target, 1),
    )
}

/// Queues the first `size` bytes of `data`; returns how many, 0 for a connection that is closing
/// and -1 for an unknown one.
fn send_data(ruby: &Ruby, signature: Value, data: RString, size: usize) -> Result<i64, Error> {
    let id = convert::id(signature)?;
    if size >= shared::WORTHWHILE {
        return send_shared(ruby, id, data, size);
    }
    let sent = instance::change(ruby, |instance| {
        // SAFETY: the reactor copies the bytes before any Ruby code can run.
        let bytes = unsafe { data.as_slice() };
        instance.reactor.send(id, &bytes[..size.min(bytes.len())])
    })?;
    Ok(sent.map_or(-1, |count| count as i64))
}

/// As [`send_data`], without a copy.
pub(crate) fn send_shared(ruby: &Ruby, id: Id, data: RString, size: usize) -> Result<i64, Error> {
    let bytes = Box::new(Shared::new(ruby, data, size));
    let send = |i: &mut Instance| i.reactor.send_shared(id, bytes);
    let sent = instance::change(ruby, send)?;
    Ok(sent.map_or(-1, |count| count as i64))
}

fn close_connection(ruby: &Ruby, signature: Value, after_writing: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let after_writing = after_writing.to_bool();
    instance::change(ruby, |i| i.reactor.close(id, after_writing))
}

/// False where nothing changes, also because there is no loop.
fn pause_connection(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    set_paused(ruby, signature, true)
}

fn resume_connection(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    set_paused(ruby, signature, false)
}

fn set_paused(ruby: &Ruby, signature: Value, paused: bool) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let changed = instance::change_if_any(ruby, |i| i.reactor.set_paused(id, paused))?;
    Ok(matches!(changed, Some(Ok(true))))
}

fn is_connection_paused(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let paused = instance::peek(ruby, |i| i.reactor.is_paused(id))?;
    Ok(matches!(paused, Some(Ok(true))))
}

fn get_connection_count(ruby: &Ruby) -> Result<usize, Error> {
    instance::look(ruby, |i| i.reactor.count())
}

fn num_close_scheduled(ruby: &Ruby) -> Result<usize, Error> {
    instance::look(ruby, |i| i.reactor.closing_count())
}

/// Seconds since bytes were last read or written.
fn get_idle_time(ruby: &Ruby, signature: Value) -> Result<Option<f64>, Error> {
    let id = convert::id(signature)?;
    let idle = instance::look(ruby, |i| i.reactor.idle_time(id, Instant::now()))?;
    Ok(idle.ok().map(|idle| idle.as_secs_f64()))
}

fn get_comm_inactivity_timeout(ruby: &Ruby, signature: Value) -> Result<f64, Error> {
    get_timeout(ruby, signature, Reactor::inactivity_timeout)
}

fn set_comm_inactivity_timeout(
    ruby: &Ruby,
    signature: Value,
    seconds: Value,
) -> Result<bool, Error> {
    let timeout = convert::duration(ruby, f64::try_convert(seconds)?, seconds)?;
    set_timeout(ruby, signature, timeout, Reactor::set_inactivity_timeout)
}

fn get_pending_connect_timeout(ruby: &Ruby, signature: Value) -> Result<f64, Error> {
    get_timeout(ruby, signature, Reactor::connect_timeout)
}

/// Zero is no limit, and changes nothing.
fn set_pending_connect_timeout(
    ruby: &Ruby,
    signature: Value,
    seconds: Value,
) -> Result<bool, Error> {
    if f64::try_convert(seconds)? == 0.0 {
        return instance::look(ruby, |_| false);
    }
    let timeout = convert::duration(ruby, f64::try_convert(seconds)?, seconds)?;
    set_timeout(ruby, signature, timeout, Reactor::set_connect_timeout)
}

fn get_connection_attempt_timeout(ruby: &Ruby, signature: Value) -> Result<f64, Error> {
    get_timeout(ruby, signature, Reactor::attempt_timeout)
}

fn set_connection_attempt_timeout(
    ruby: &Ruby,
    signature: Value,
    seconds: Value,
) -> Result<bool, Error> {
    let timeout = names::delay(ruby, seconds)?;
    set_timeout(ruby, signature, timeout, Reactor::set_attempt_timeout)
}

/// Seconds; none where the signature is not known.
fn get_timeout(
    ruby: &Ruby,
    signature: Value,
    get: impl FnOnce(&Reactor, Id) -> em_reactor::Result<Duration>,
) -> Result<f64, Error> {
    let id = convert::id(signature)?;
    let timeout = instance::look(ruby, |i| get(&i.reactor, id))?;
    Ok(timeout.map_or(0.0, |timeout| timeout.as_secs_f64()))
}

/// True where the signature is known.
fn set_timeout(
    ruby: &Ruby,
    signature: Value,
    timeout: Duration,
    set: impl FnOnce(&mut Reactor, Id, Duration) -> em_reactor::Result<()>,
) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let set = |instance: &mut Instance| {
        instance.reactor.advance(Instant::now());
        set(&mut instance.reactor, id, timeout)
    };
    Ok(instance::change(ruby, set)?.is_ok())
}

/// How many bytes wait to be sent.
fn get_outbound_data_size(ruby: &Ruby, connection: Value) -> Result<usize, Error> {
    let id = convert::id(connection.funcall("signature", ())?)?;
    let length = instance::look(ruby, |i| i.reactor.outbound_len(id))?;
    Ok(length.unwrap_or(0))
}

/// There for applications that call it; connections are found by their signature.
fn associate_callback_target(ruby: &Ruby, _connection: Value, _signature: Value) -> Value {
    ruby.qnil().as_value()
}
