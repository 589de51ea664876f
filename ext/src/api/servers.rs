//! Servers and outgoing connections.

use std::borrow::Cow;
use std::net::SocketAddr;

use em_reactor::{Error as Cause, Id, Reactor, literal};
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, function};

use crate::resolving::{addresses, addresses_of_name};
use crate::sys::descriptors;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("start_tcp_server", function!(start_tcp_server, 2))?;
    module.define_module_function("start_unix_server", function!(start_unix_server, 1))?;
    module.define_module_function("attach_sd", function!(attach_sd, 1))?;
    module.define_module_function("stop_tcp_server", function!(stop_tcp_server, 1))?;
    module.define_module_function("connect_server", function!(connect_server, 2))?;
    module.define_module_function("bind_connect_server", function!(bind_connect_server, 4))?;
    module.define_module_function("connect_unix_server", function!(connect_unix_server, 1))
}

fn start_tcp_server(ruby: &Ruby, host: Value, port: Value) -> Result<u64, Error> {
    let host = convert::text(ruby, host)?;
    let port = convert::port_number(ruby, port)?;
    let refused = |cause: &Cause| {
        let advice = "no acceptor (port is in use or requires root privileges)";
        errors::runtime(ruby, format!("{advice}: {cause}"))
    };
    let port = port.map_err(|cause| refused(&cause))?;
    let addresses = match host.as_str() {
        "" => Ok(vec![SocketAddr::from(([0, 0, 0, 0], port))]),
        host => addresses(ruby, host, port)?,
    };
    let addresses = addresses.map_err(|cause| refused(&cause))?;
    let mut result = Err(Cause::Unsupported("a host without addresses"));
    for address in addresses {
        result = instance::open(ruby, |reactor| reactor.listen_tcp(address))?;
        if result.is_ok() {
            break;
        }
    }
    result
        .map(|id| id.as_u64())
        .map_err(|cause| refused(&cause))
}

fn start_unix_server(ruby: &Ruby, path: Value) -> Result<u64, Error> {
    let path = convert::socket_path(ruby, path)?;
    let listen = |reactor: &mut Reactor| reactor.listen_unix(&path);
    let listener = instance::open(ruby, listen)?;
    listener
        .map(|id| id.as_u64())
        .map_err(|cause| errors::runtime(ruby, format!("no unix-domain acceptor: {cause}")))
}

/// Takes over a listening socket by its descriptor's number.
fn attach_sd(ruby: &Ruby, descriptor: i32) -> Result<u64, Error> {
    let attached = instance::open(ruby, |reactor| {
        reactor.attach_listener(convert::descriptor(descriptor)?)
    })?;
    let id = attached.map_err(|cause| errors::from(ruby, &cause))?;
    descriptors::attached(ruby, id, descriptor);
    Ok(id.as_u64())
}

fn stop_tcp_server(ruby: &Ruby, signature: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let stopped = instance::change(ruby, |i| i.reactor.stop_listening(id))?;
    stopped.map_err(|cause| {
        errors::runtime(
            ruby,
            format!("failed to close nonexistent acceptor: {cause}"),
        )
    })
}

fn connect_server(ruby: &Ruby, host: Value, port: Value) -> Result<u64, Error> {
    connect(ruby, None, host, port)
}

fn bind_connect_server(
    ruby: &Ruby,
    bind_host: Value,
    bind_port: Value,
    host: Value,
    port: Value,
) -> Result<u64, Error> {
    let bind = Some((bind_host, bind_port));
    connect(ruby, bind, host, port)
}

fn connect(
    ruby: &Ruby,
    bind: Option<(Value, Value)>,
    host: Value,
    port: Value,
) -> Result<u64, Error> {
    let (host, port) = server(ruby, host, port)?;
    if let Some(address) = literal(&host, port) {
        return connect_bound(ruby, host, &[address], bind);
    }
    let remote = addresses_of_name(ruby, &host, port)?;
    if matches!(remote, Err(Cause::Stopped)) {
        // The loop ends with this callback, and tells of the connection's end as of any other's.
        let opened = instance::open(ruby, |r| r.connect_nowhere(None))?;
        return opened
            .map(Id::as_u64)
            .map_err(|cause| errors::from(ruby, &cause));
    }
    let remote = remote.map_err(|cause| unresolved(ruby, &cause))?;
    connect_bound(ruby, host, &remote, bind)
}

/// Connects from the address and port in `bind`, where they are given.
fn connect_bound(
    ruby: &Ruby,
    host: String,
    remote: &[SocketAddr],
    bind: Option<(Value, Value)>,
) -> Result<u64, Error> {
    let bind = match bind {
        Some((host, port)) => bind_address(ruby, host, port, remote)?,
        None => None,
    };
    connect_to(ruby, host, remote, bind)
}

/// The host and port to connect to.
pub(super) fn server(ruby: &Ruby, host: Value, port: Value) -> Result<(String, u16), Error> {
    let host = convert::text(ruby, host)?;
    let port = convert::port_number(ruby, port)?.map_err(|cause| unresolved(ruby, &cause))?;
    if host.is_empty() || port == 0 {
        let message = format!("invalid server or port: {host:?}, {port}");
        return Err(errors::own(ruby, "ConnectionError", message));
    }
    Ok((host, port))
}

pub(super) fn unresolved(ruby: &Ruby, cause: &Cause) -> Error {
    let message = format!("unable to resolve address: {cause}");
    errors::own(ruby, "ConnectionError", message)
}

/// Connects to a host by its addresses, those of the family of the local one.
pub(super) fn connect_to(
    ruby: &Ruby,
    host: String,
    remote: &[SocketAddr],
    bind: Option<SocketAddr>,
) -> Result<u64, Error> {
    let remote = match bind {
        Some(bind) => {
            let suits = |address: &&SocketAddr| bind.is_ipv4() == address.is_ipv4();
            Cow::Owned(remote.iter().filter(suits).copied().collect())
        }
        None => Cow::Borrowed(remote),
    };
    let connected = instance::open(ruby, |reactor| {
        let id = reactor.connect_tcp(&remote, bind)?;
        reactor.set_host(id, host)?;
        Ok(id)
    })?;
    connected
        .map(Id::as_u64)
        .map_err(|cause| unconnected(ruby, bind, &cause))
}

pub(super) fn unconnected(ruby: &Ruby, bind: Option<SocketAddr>, cause: &Cause) -> Error {
    let message = match (bind, cause) {
        (Some(_), Cause::System { call: "bind", .. }) => {
            format!("couldn't bind to address: {cause}")
        }
        _ => format!("unable to connect: {cause}"),
    };
    errors::own(ruby, "ConnectionError", message)
}

/// The local address to connect from, of the family of a remote one where those are known; none
/// where the host is empty.
pub(super) fn bind_address(
    ruby: &Ruby,
    host: Value,
    port: Value,
    remote: &[SocketAddr],
) -> Result<Option<SocketAddr>, Error> {
    let refused = |cause: Cause| {
        errors::own(
            ruby,
            "ConnectionError",
            format!("invalid bind address: {cause}"),
        )
    };
    let host = convert::text(ruby, host)?;
    let port = if port.is_nil() {
        Ok(0)
    } else {
        convert::port_number(ruby, port)?
    };
    let port = port.map_err(refused)?;
    if host.is_empty() {
        return Ok(None);
    }
    let local = addresses(ruby, &host, port)?.map_err(refused)?;
    let suits = |address: &&SocketAddr| {
        remote.is_empty() || remote.iter().any(|r| r.is_ipv4() == address.is_ipv4())
    };
    match local.iter().find(suits) {
        Some(address) => Ok(Some(*address)),
        None => Err(refused(Cause::Resolve {
            host,
            reason: "Address family for hostname not supported".into(),
        })),
    }
}

fn connect_unix_server(ruby: &Ruby, path: Value) -> Result<u64, Error> {
    let path = convert::socket_path(ruby, path)?;
    let connect = |reactor: &mut Reactor| reactor.connect_unix(&path);
    let connected = instance::open(ruby, connect)?;
    connected
        .map(|id| id.as_u64())
        .map_err(|cause| errors::runtime(ruby, format!("no connection: {cause}")))
}
