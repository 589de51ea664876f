//! From host and port to addresses.

use std::net::{IpAddr, SocketAddr};

use crate::error::{Error, Result};
use crate::sys::names::look_up;

pub use crate::sys::family::Family;

/// A port number, from any number.
pub fn port(number: i64) -> Result<u16> {
    u16::try_from(number).map_err(|_| Error::InvalidPort(number.to_string()))
}

/// The address that a host is, where it is written as one; brackets and zones are IPv6's.
pub fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, port));
    }
    let bare = host.strip_prefix('[')?.strip_suffix(']')?;
    bare.parse::<IpAddr>()
        .ok()
        .map(|address| SocketAddr::new(address, port))
}

/// All addresses of a host, with this port. Waits for name servers.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    if let Some(address) = literal(host, port) {
        return Ok(vec![address]);
    }
    let addresses = addresses(host, Family::Any).map_err(|reason| Error::Resolve {
        host: host.to_owned(),
        reason,
    })?;
    Ok(with_port(addresses, port))
}

/// The same addresses, all with this port.
pub(crate) fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    for address in &mut addresses {
        address.set_port(port);
    }
    addresses
}

/// The addresses of a host, with port 0, or the resolver's words for why there are none. Waits for
/// name servers.
pub(crate) fn addresses(
    host: &str,
    family: Family,
) -> std::result::Result<Vec<SocketAddr>, String> {
    let addresses = look_up(host, family)?;
    if addresses.is_empty() {
        return Err("Name or service not known".to_owned());
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_resolver() {
        assert_eq!(literal("127.0.0.1", 80), Some(([127, 0, 0, 1], 80).into()));
        assert_eq!(literal("::1", 80), literal("[::1]", 80));
        assert_eq!(literal("localhost", 80), None);
        assert_eq!(literal("9.9:9", 80), None);
    }

    #[test]
    fn a_failure_gives_the_resolvers_words() {
        let error = resolve("name.invalid", 80).unwrap_err();
        let Error::Resolve { host, reason } = error else {
            panic!("{error}")
        };
        assert_eq!(host, "name.invalid");
        assert!(!reason.contains("failed to lookup"), "{reason}");
    }

    #[test]
    fn only_addresses_of_the_family_that_is_asked_for_are_found() {
        let found = addresses("127.0.0.1", Family::V4).unwrap();
        assert_eq!(found, [([127, 0, 0, 1], 0).into()]);
        assert!(addresses("127.0.0.1", Family::V6).is_err());
        let found = addresses("::1", Family::V6).unwrap();
        assert_eq!(found, ["[::1]:0".parse().unwrap()]);
    }

    #[test]
    fn ports_are_checked() {
        assert_eq!(port(65_535).unwrap(), 65_535);
        assert!(matches!(port(65_536), Err(Error::InvalidPort(port)) if port == "65536"));
        assert!(matches!(port(-1), Err(Error::InvalidPort(port)) if port == "-1"));
    }
}
