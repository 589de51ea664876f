//! Datagram sockets.

use std::net::SocketAddr;

use em_reactor::Error as Cause;
use magnus::prelude::*;
use magnus::{Error, RModule, RString, Ruby, Value, function};

use crate::resolving::addresses;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("open_udp_socket", function!(open_udp_socket, 2))?;
    module.define_module_function("send_datagram", function!(send_datagram, 5))?;
    module.define_singleton_method("open_unix_datagram", function!(open_unix_datagram, 1))?;
    module.define_singleton_method("attach_datagram", function!(attach_datagram, 1))?;
    module.define_singleton_method("connect_datagram", function!(connect_datagram, 2))?;
    module.define_singleton_method("send_unix_datagram", function!(send_unix_datagram, 3))?;
    module.define_singleton_method("enable_packet_info", function!(enable_packet_info, 1))?;
    module.define_singleton_method("get_packet_info", function!(get_packet_info, 1))
}

fn open_udp_socket(ruby: &Ruby, host: Value, port: Value) -> Result<u64, Error> {
    let refused = |cause: Cause| errors::runtime(ruby, format!("no datagram socket: {cause}"));
    let host = convert::text(ruby, host)?;
    let port = convert::port_number(ruby, port)?.map_err(refused)?;
    let address = match host.as_str() {
        "" => SocketAddr::from(([0, 0, 0, 0], port)),
        host => first(addresses(ruby, host, port)?, host).map_err(refused)?,
    };
    let opened = instance::open(ruby, |reactor| reactor.open_datagram(address))?;
    opened.map(|id| id.as_u64()).map_err(refused)
}

/// Opens a UDP socket for one peer.
fn connect_datagram(ruby: &Ruby, host: Value, port: Value) -> Result<u64, Error> {
    let refused = |cause: Cause| {
        errors::own(
            ruby,
            "ConnectionError",
            format!("no datagram socket: {cause}"),
        )
    };
    let host = convert::text(ruby, host)?;
    let port = convert::port_number(ruby, port)?.map_err(refused)?;
    let peer = first(addresses(ruby, &host, port)?, &host).map_err(refused)?;
    let opened = instance::open(ruby, |reactor| reactor.connect_datagram(peer))?;
    opened.map(|id| id.as_u64()).map_err(refused)
}

/// Sends the first `size` bytes of `data` as one datagram; returns how many bytes that are.
fn send_datagram(
    ruby: &Ruby,
    signature: Value,
    data: RString,
    size: usize,
    host: Value,
    port: Value,
) -> Result<usize, Error> {
    let refused = |cause: Cause| {
        errors::own(
            ruby,
            "ConnectionError",
            format!("error in sending datagram: {cause}"),
        )
    };
    let id = convert::id(signature)?;
    let host = convert::text(ruby, host)?;
    let port = convert::port_number(ruby, port)?.map_err(refused)?;
    let address = first(addresses(ruby, &host, port)?, &host).map_err(refused)?;
    let sent = instance::change(ruby, |instance| {
        // SAFETY: the reactor copies the bytes before any Ruby code can run.
        let bytes = unsafe { data.as_slice() };
        instance
            .reactor
            .send_datagram(id, &bytes[..size.min(bytes.len())], address)
    })?;
    sent.map_err(refused)
}

/// Opens a Unix datagram socket, at a path unless that is nil.
fn open_unix_datagram(ruby: &Ruby, path: Value) -> Result<u64, Error> {
    let path = match path.is_nil() {
        true => None,
        false => Some(convert::socket_path(ruby, path)?),
    };
    let opened = instance::open(ruby, |reactor| reactor.open_unix_datagram(path.as_deref()))?;
    let refused = |cause| errors::runtime(ruby, format!("no datagram socket: {cause}"));
    opened.map(|id| id.as_u64()).map_err(refused)
}

/// Takes over a datagram socket by its descriptor's number.
fn attach_datagram(ruby: &Ruby, descriptor: i32) -> Result<u64, Error> {
    let attached = instance::open(ruby, |reactor| {
        reactor.attach_datagram(convert::descriptor(descriptor)?)
    })?;
    attached
        .map(|id| id.as_u64())
        .map_err(|cause| errors::from(ruby, &cause))
}

fn send_unix_datagram(
    ruby: &Ruby,
    signature: Value,
    data: RString,
    path: Value,
) -> Result<usize, Error> {
    let id = convert::id(signature)?;
    let path = convert::socket_path(ruby, path)?;
    let sent = instance::change(ruby, |instance| {
        // SAFETY: the reactor copies the bytes before any Ruby code can run.
        let bytes = unsafe { data.as_slice() };
        instance.reactor.send_unix_datagram(id, bytes, &path)
    })?;
    sent.map_err(|cause| {
        let message = format!("error in sending datagram: {cause}");
        errors::own(ruby, "ConnectionError", message)
    })
}

/// Has the system tell of each datagram where it came in.
fn enable_packet_info(ruby: &Ruby, signature: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let asked = instance::change(ruby, |i| i.reactor.ask_for_arrivals(id))?;
    asked.map_err(|cause| errors::from(ruby, &cause))
}

/// The address that the last datagram was sent to, its port, and the number of the interface; nil
/// where that is not known.
fn get_packet_info(ruby: &Ruby, signature: Value) -> Result<Option<(String, u16, u32)>, Error> {
    let id = convert::id(signature)?;
    let arrival = instance::look(ruby, |i| i.reactor.arrival(id))?
        .ok()
        .flatten();
    let told =
        arrival.map(|(address, interface)| (convert::address(&address), address.port(), interface));
    Ok(told)
}

fn first(addresses: Result<Vec<SocketAddr>, Cause>, host: &str) -> Result<SocketAddr, Cause> {
    let none = || Cause::Resolve {
        host: host.to_owned(),
        reason: "no address".into(),
    };
    addresses?.first().copied().ok_or_else(none)
}
