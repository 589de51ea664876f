//! UDP sockets.

use std::net::SocketAddr;

use em_reactor::Error as Cause;
use magnus::{Error, RModule, RString, Ruby, Value, function};

use crate::resolving::addresses;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("open_udp_socket", function!(open_udp_socket, 2))?;
    module.define_module_function("send_datagram", function!(send_datagram, 5))
}

fn open_udp_socket(ruby: &Ruby, host: Value, port: Value) -> Result<u64, Error> {
    let refused = |cause: Cause| errors::runtime(ruby, format!("no datagram socket: {cause}"));
    let host = convert::text(ruby, host)?;
    let port = convert::port_number(ruby, port)?.map_err(refused)?;
    let address = match host.as_str() {
        "" => SocketAddr::from(([0, 0, 0, 0], port)),
        host => first(addresses(ruby, "open_udp_socket", host, port)?, host).map_err(refused)?,
    };
    let opened = instance::open(ruby, "open_udp_socket", |reactor| {
        reactor.open_datagram(address)
    })?;
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
    let address = first(addresses(ruby, "send_datagram", &host, port)?, &host).map_err(refused)?;
    let sent = instance::change(ruby, "send_datagram", |instance| {
        // SAFETY: the reactor copies the bytes before any Ruby code can run.
        let bytes = unsafe { data.as_slice() };
        instance
            .reactor
            .send_datagram(id, &bytes[..size.min(bytes.len())], address)
    })?;
    sent.map_err(refused)
}

fn first(addresses: Result<Vec<SocketAddr>, Cause>, host: &str) -> Result<SocketAddr, Cause> {
    let none = || Cause::Resolve {
        host: host.to_owned(),
        reason: "no address".into(),
    };
    addresses?.first().copied().ok_or_else(none)
}
