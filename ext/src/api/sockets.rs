//! Names and options of sockets.

use em_reactor::Error as Cause;
use magnus::prelude::*;
use magnus::{Error, RModule, RString, Ruby, TryConvert, Value, function};

use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("get_peername", function!(get_peername, 1))?;
    module.define_module_function("get_sockname", function!(get_sockname, 1))?;
    module.define_module_function("get_sock_opt", function!(get_sock_opt, 3))?;
    module.define_module_function("set_sock_opt", function!(set_sock_opt, 4))?;
    let report = function!(report_connection_error_status, 1);
    module.define_module_function("report_connection_error_status", report)
}

/// The peer's packed address; nil where there is none, or no longer.
fn get_peername(ruby: &Ruby, signature: Value) -> Result<Option<RString>, Error> {
    let id = convert::id(signature)?;
    let name = instance::look(ruby, |i| i.reactor.peer_name(id))?;
    Ok(name.ok().map(|name| convert::binary(ruby, &name)))
}

/// The packed local address; nil where there is none.
fn get_sockname(ruby: &Ruby, signature: Value) -> Result<Option<RString>, Error> {
    let id = convert::id(signature)?;
    let name = instance::look(ruby, |i| i.reactor.socket_name(id))?;
    Ok(name.ok().map(|name| convert::binary(ruby, &name)))
}

/// The bytes of an option's value.
fn get_sock_opt(ruby: &Ruby, signature: Value, level: i32, option: i32) -> Result<RString, Error> {
    let id = convert::id(signature)?;
    let get = |i: &mut instance::Instance| i.reactor.socket_option(id, level, option);
    let value = instance::look(ruby, get)?;
    value
        .map(|value| convert::binary(ruby, &value))
        .map_err(|cause| refused(ruby, &cause))
}

/// Sets an option to true, false, an Integer or the bytes of a String; returns 0.
fn set_sock_opt(
    ruby: &Ruby,
    signature: Value,
    level: i32,
    option: i32,
    value: Value,
) -> Result<i32, Error> {
    let id = convert::id(signature)?;
    let value = option_bytes(ruby, value)?;
    let set = |i: &mut instance::Instance| i.reactor.set_socket_option(id, level, option, &value);
    instance::change(ruby, set)?.map_err(|cause| refused(ruby, &cause))?;
    Ok(0)
}

fn option_bytes(ruby: &Ruby, value: Value) -> Result<Vec<u8>, Error> {
    if let Some(string) = RString::from_value(value) {
        return Ok(convert::bytes(string));
    }
    let is_flag = value.is_nil()
        || value.equal(ruby.qtrue()).unwrap_or(false)
        || value.equal(ruby.qfalse()).unwrap_or(false);
    let number = if is_flag {
        i32::from(value.to_bool())
    } else {
        i32::try_convert(value)?
    };
    Ok(number.to_ne_bytes().to_vec())
}

fn refused(ruby: &Ruby, cause: &Cause) -> Error {
    match cause {
        Cause::UnknownId(_) => errors::runtime(ruby, format!("invalid binding to get_fd: {cause}")),
        _ => errors::from(ruby, cause),
    }
}

/// The number of a connection's pending error: 0 for none, -1 for an unknown signature.
fn report_connection_error_status(ruby: &Ruby, signature: Value) -> Result<i32, Error> {
    let id = convert::id(signature)?;
    let error = instance::look(ruby, |i| i.reactor.take_error(id))?;
    Ok(error.map_or(-1, |error| error.unwrap_or(0)))
}
