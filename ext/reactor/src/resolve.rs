//! From host and port to addresses.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::error::{Error, Result};

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

/// All addresses of a host, in the system's order of preference (RFC 6724). Waits for name servers.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    if let Some(address) = literal(host, port) {
        return Ok(vec![address]);
    }
    let failed = |reason: String| Error::Resolve {
        host: host.to_owned(),
        reason,
    };
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| failed(reason(&error)))?;
    let mut unique: Vec<SocketAddr> = Vec::new();
    addresses.for_each(|address| {
        if !unique.contains(&address) {
            unique.push(address);
        }
    });
    if unique.is_empty() {
        Err(failed("Name or service not known".into()))
    } else {
        Ok(unique)
    }
}

/// The resolver's own words.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("failed to lookup address information: ") {
        Some(reason) => reason.to_owned(),
        None => text,
    }
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
    fn ports_are_checked() {
        assert_eq!(port(65_535).unwrap(), 65_535);
        assert!(matches!(port(65_536), Err(Error::InvalidPort(port)) if port == "65536"));
        assert!(matches!(port(-1), Err(Error::InvalidPort(port)) if port == "-1"));
    }
}
