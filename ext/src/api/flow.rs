//! Half-close, back-pressure, and how much servers take on.

use std::time::Instant;

use em_reactor::{Error as Cause, Reactor};
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, function, method};

use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("close_write", function!(close_write, 1))?;
    module.define_module_function("set_outbound_limits", function!(set_outbound_limits, 3))?;
    module.define_module_function("outbound_full?", function!(is_outbound_full, 1))?;
    module.define_module_function("pause_when_full", function!(pause_when_full, 2))?;
    module.define_module_function("pause_server", function!(pause_server, 1))?;
    module.define_module_function("resume_server", function!(resume_server, 1))?;
    let singleton = module.singleton_class()?;
    singleton.define_private_method("limit_connections", method!(limit_connections, 2))?;
    singleton.define_private_method("flush_sent", method!(flush_sent, 0))?;
    singleton.define_private_method("occupation", method!(occupation, 2))
}

/// Ends the output of a connection, once what was sent is written.
fn close_write(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    change(ruby, |reactor| reactor.close_write(id))
}

/// How many bytes may wait before `outbound_full` is called, and how many when `outbound_drained`
/// is: a quarter, if not given.
fn set_outbound_limits(
    ruby: &Ruby,
    signature: Value,
    high: i64,
    low: Option<i64>,
) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let low = low.unwrap_or(high / 4);
    let (high, low) = match (usize::try_from(high), usize::try_from(low)) {
        (Ok(high), Ok(low)) if low < high => (high, low),
        _ => {
            let message = format!("low must be at least 0 and below high: {low}, {high}");
            return Err(errors::argument(ruby, message));
        }
    };
    change(ruby, |reactor| {
        reactor.set_outbound_limits(id, high, low).map(|()| true)
    })
}

fn is_outbound_full(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let full = instance::peek(ruby, |i| i.reactor.is_outbound_full(id))?;
    // One that is gone takes no more.
    Ok(full.and_then(Result::ok).unwrap_or(true))
}

/// Reading from `source` stops while the connection has too much to write.
fn pause_when_full(ruby: &Ruby, signature: Value, source: Value) -> Result<bool, Error> {
    let (id, source) = (convert::id(signature)?, convert::id(source)?);
    change(ruby, |reactor| {
        reactor.pause_when_full(id, source).map(|()| true)
    })
}

/// Stops or resumes the reading side of a connection, apart from `pause` and `resume`.
pub(crate) fn set_reading(ruby: &Ruby, signature: Value, reads: bool) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    change(ruby, |reactor| {
        reactor.set_reading(id, reads).map(|()| true)
    })
}

/// Changes a connection: false where it is gone, and where there is no loop.
fn change(
    ruby: &Ruby,
    body: impl FnOnce(&mut Reactor) -> em_reactor::Result<bool>,
) -> Result<bool, Error> {
    match instance::change_if_any(ruby, |i| body(&mut i.reactor))? {
        None | Some(Err(Cause::UnknownId(_))) => Ok(false),
        Some(changed) => changed.map_err(|cause| errors::from(ruby, &cause)),
    }
}

fn pause_server(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    set_accepting(ruby, signature, false)
}

fn resume_server(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    set_accepting(ruby, signature, true)
}

fn set_accepting(ruby: &Ruby, signature: Value, accepts: bool) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let changed = instance::change(ruby, |i| i.reactor.set_accepting(id, accepts))?;
    changed.map_err(|cause| errors::from(ruby, &cause))
}

/// How many connections a server has at most; any number where that is nil.
fn limit_connections(
    ruby: &Ruby,
    _module: RModule,
    signature: Value,
    limit: Option<usize>,
) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let set = instance::change_for(ruby, "set_max_connections", |i| {
        i.reactor.set_connection_limit(id, limit)
    })?;
    set.map_err(|cause| errors::from(ruby, &cause))
}

/// Writes what was sent since the last callback, as far as the system takes it.
fn flush_sent(ruby: &Ruby, _module: RModule) -> Result<(), Error> {
    instance::change_if_any(ruby, |i| i.reactor.flush()).map(drop)
}

/// Whether a connection came in through a server, and whether it is in the middle of something: nil
/// for what is no connection.
fn occupation(
    ruby: &Ruby,
    _module: RModule,
    signature: Value,
    quiet: f64,
) -> Result<Option<(bool, bool)>, Error> {
    let id = convert::id(signature)?;
    let quiet = convert::span(quiet);
    let occupation = instance::peek(ruby, |i| i.reactor.occupation(id, quiet, Instant::now()))?;
    Ok(occupation.flatten().map(|one| (one.accepted, one.busy)))
}
