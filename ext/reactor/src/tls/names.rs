//! The hosts that a certificate is for, as text that a stranger cannot abuse.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::der::{Certificate, Reader};
use super::extensions::Extensions;
use super::tag;

/// How many names are told, and how much of each.
const MOST_NAMES: usize = 8;
const LONGEST_NAME: usize = 64;

/// The names and addresses of `certificate`; what is no part of a host's name is told as `?`.
pub(super) fn hosts(certificate: &Certificate<'_>) -> Vec<String> {
    let names = Extensions::parse(certificate.extensions)
        .and_then(|extensions| extensions.alternative_names)
        .unwrap_or_default();
    let mut names = Reader(names);
    let mut hosts: Vec<String> = std::iter::from_fn(|| names.next())
        .filter_map(|name| match name.tag {
            tag::DNS => Some(plain(name.contents)),
            tag::ADDRESS => address(name.contents),
            _ => None,
        })
        .collect();
    if hosts.len() > MOST_NAMES {
        let more = hosts.len() - MOST_NAMES;
        hosts.truncate(MOST_NAMES);
        hosts.push(format!("{more} more"));
    }
    hosts
}

fn plain(name: &[u8]) -> String {
    let mut text: String = name
        .iter()
        .take(LONGEST_NAME)
        .map(|byte| match byte {
            b'.' | b'-' | b'_' | b'*' => char::from(*byte),
            byte if byte.is_ascii_alphanumeric() => char::from(*byte),
            _ => '?',
        })
        .collect();
    if name.len() > LONGEST_NAME {
        text.push_str("...");
    }
    text
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    let bytes = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers() {
        assert_eq!(plain(b"*.a-b_c.example"), "*.a-b_c.example");
        assert_eq!(plain(b"a\n\x1b[2J\0, b"), "a???2J???b");
        assert_eq!(plain("\u{202e}".as_bytes()), "???");
        assert_eq!(plain(&[b'a'; 65]), format!("{}...", "a".repeat(64)));
    }

    #[test]
    fn addresses() {
        assert_eq!(address(&[192, 0, 2, 1]).as_deref(), Some("192.0.2.1"));
        let mut long = [0; 16];
        long[15] = 1;
        assert_eq!(address(&long).as_deref(), Some("::1"));
        assert_eq!(address(&[1, 2, 3]), None);
    }
}
