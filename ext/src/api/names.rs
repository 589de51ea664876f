//! Names that are resolved off the loop, and connects to them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use em_reactor::{Family, Id, literal};
use magnus::prelude::*;
use magnus::{Error, RArray, RModule, RString, Ruby, TryConvert, Value, function};

use super::servers::{bind_address, connect_to, server, unconnected, unresolved};
use crate::instance::Settings;
use crate::resolving::addresses;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_singleton_method("resolve_host", function!(resolve_host, 3))?;
    module.define_singleton_method("host_addresses", function!(host_addresses, 1))?;
    module.define_singleton_method("listen_with", function!(listen_with, 4))?;
    module.define_singleton_method("connect_host", function!(connect_host, 4))?;
    module.define_singleton_method("connect_addresses", function!(connect_addresses, 5))?;
    let get = function!(connection_attempt_delay, 0);
    module.define_singleton_method("connection_attempt_delay", get)?;
    let set = function!(set_connection_attempt_delay, 1);
    module.define_singleton_method("connection_attempt_delay=", set)?;
    let get = function!(resolution_delay, 0);
    module.define_singleton_method("resolution_delay", get)?;
    module.define_singleton_method("resolution_delay=", function!(set_resolution_delay, 1))
}

/// Has a name be resolved; returns the number of the request, or the address that it is.
fn resolve_host(
    ruby: &Ruby,
    host: Value,
    family: i32,
    timeout: Option<f64>,
) -> Result<Value, Error> {
    let host = convert::text(ruby, host)?;
    let family = match family {
        0 => Family::Any,
        4 => Family::V4,
        6 => Family::V6,
        other => return Err(errors::argument(ruby, format!("{other} is no family"))),
    };
    if let Some(address) = literal(&host, 0) {
        let suits = match family {
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
            _ => true,
        };
        let answer = suits.then(|| convert::address(&address));
        return Ok(ruby.into_value(answer));
    }
    let timeout = timeout.map(convert::span);
    let request = instance::change(ruby, |i| {
        i.reactor.resolve(&host, family, Instant::now(), timeout)
    })?;
    Ok(ruby.into_value(request))
}

/// The addresses of a host, for which the caller waits.
fn host_addresses(ruby: &Ruby, host: Value) -> Result<RArray, Error> {
    let host = convert::text(ruby, host)?;
    let found = addresses(ruby, &host, 0)?;
    let found = found.map_err(|cause| unresolved(ruby, &cause))?;
    Ok(convert::addresses(ruby, &found))
}

/// Listens on an address with options that are set before it is bound.
fn listen_with(
    ruby: &Ruby,
    address: Value,
    port: Value,
    options: RArray,
    backlog: i32,
) -> Result<u64, Error> {
    let port = convert::port_number(ruby, port)?.map_err(|cause| errors::from(ruby, &cause))?;
    let address = known_address(ruby, address, port)?;
    let options: Vec<(i32, i32, Vec<u8>)> = options
        .into_iter()
        .map(|option| {
            let (level, name, value) = <(i32, i32, RString)>::try_convert(option)?;
            Ok((level, name, convert::bytes(value)))
        })
        .collect::<Result<_, Error>>()?;
    let listening = instance::open(ruby, |reactor| {
        reactor.listen_tcp_with(address, &options, backlog)
    })?;
    listening
        .map(Id::as_u64)
        .map_err(|cause| errors::from(ruby, &cause))
}

/// Connects to a host whose name is resolved meanwhile.
fn connect_host(
    ruby: &Ruby,
    host: Value,
    port: Value,
    bind_host: Value,
    bind_port: Value,
) -> Result<u64, Error> {
    let (host, port) = server(ruby, host, port)?;
    let bind = match bind_host.is_nil() {
        true => None,
        false => bind_address(ruby, bind_host, bind_port, &[])?,
    };
    let connected = instance::open(ruby, |reactor| {
        let id = reactor.connect_name(&host, port, bind)?;
        reactor.set_host(id, host)?;
        Ok(id)
    })?;
    connected
        .map(Id::as_u64)
        .map_err(|cause| unconnected(ruby, bind, &cause))
}

/// Connects to a host whose addresses are known.
fn connect_addresses(
    ruby: &Ruby,
    host: Value,
    addresses: RArray,
    port: Value,
    bind_host: Value,
    bind_port: Value,
) -> Result<u64, Error> {
    let (host, port) = server(ruby, host, port)?;
    let remote: Vec<SocketAddr> = addresses
        .into_iter()
        .map(|address| known_address(ruby, address, port))
        .collect::<Result<_, Error>>()?;
    let bind = match bind_host.is_nil() {
        true => None,
        false => bind_address(ruby, bind_host, bind_port, &remote)?,
    };
    connect_to(ruby, host, &remote, bind)
}

fn known_address(ruby: &Ruby, address: Value, port: u16) -> Result<SocketAddr, Error> {
    let given = convert::text(ruby, RString::try_convert(address)?.as_value())?;
    let (bare, zone) = given.split_once('%').unwrap_or((&given, ""));
    let parsed = literal(bare, port).and_then(|mut address| {
        if let (SocketAddr::V6(v6), false) = (&mut address, zone.is_empty()) {
            v6.set_scope_id(zone.parse().ok()?);
        }
        Some(address)
    });
    parsed.ok_or_else(|| errors::argument(ruby, format!("{given:?} is no address")))
}

fn connection_attempt_delay(ruby: &Ruby) -> Result<f64, Error> {
    instance::settings(ruby, |settings| settings.attempt_delay.as_secs_f64())
}

fn set_connection_attempt_delay(ruby: &Ruby, seconds: Value) -> Result<Value, Error> {
    let delay = delay(ruby, seconds)?;
    set(ruby, seconds, |settings| settings.attempt_delay = delay)
}

fn resolution_delay(ruby: &Ruby) -> Result<f64, Error> {
    instance::settings(ruby, |settings| settings.resolution_delay.as_secs_f64())
}

fn set_resolution_delay(ruby: &Ruby, seconds: Value) -> Result<Value, Error> {
    let delay = delay(ruby, seconds)?;
    set(ruby, seconds, |settings| settings.resolution_delay = delay)
}

/// Longer ones are as good as none, and would overflow the clock.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24);

pub(super) fn delay(ruby: &Ruby, seconds: Value) -> Result<Duration, Error> {
    let number = f64::try_convert(seconds).map_err(|_| {
        let message = format!("a delay must be a number: {}", seconds.inspect());
        Error::new(ruby.exception_type_error(), message)
    })?;
    if number < 0.0 {
        let message = format!("a delay must not be negative: {seconds}");
        return Err(errors::argument(ruby, message));
    }
    Ok(convert::duration(ruby, number, seconds)?.min(LONGEST))
}

fn set(ruby: &Ruby, value: Value, change: impl FnOnce(&mut Settings)) -> Result<Value, Error> {
    let settings = instance::settings(ruby, |settings| {
        change(settings);
        *settings
    })?;
    instance::peek(ruby, |i| settings.apply_delays(&mut i.reactor))?;
    Ok(value)
}
