//! The system's resolver, by way of the standard library.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::sys::family::Family;

/// The addresses of a host, of one family or of all, in the system's order; or why there are none.
pub(crate) fn look_up(host: &str, family: Family) -> Result<Vec<SocketAddr>, String> {
    let addresses = (host, 0).to_socket_addrs();
    let addresses = addresses.map_err(|error| crate::error::describe(&error))?;
    let wanted = |address: &SocketAddr| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    Ok(addresses.filter(wanted).collect())
}
