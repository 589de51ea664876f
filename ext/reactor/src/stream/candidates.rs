//! The addresses that a connect may try yet.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// Addresses of both families, which take turns, as RFC 8305 (section 4) wants it: a host whose
/// IPv6 is broken is reached by IPv4 with the second attempt, and the other way round.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// Most hosts have but one.
    first: Option<SocketAddr>,
    v6: VecDeque<SocketAddr>,
    v4: VecDeque<SocketAddr>,
    /// Whether the next is to be of IPv6, where there is one.
    v6_is_next: bool,
}

impl Candidates {
    /// The first comes first.
    pub(crate) fn new(addresses: &[SocketAddr]) -> Self {
        let mut candidates = Self::default();
        if let Some((&first, rest)) = addresses.split_first() {
            candidates.first = Some(first);
            candidates.add(rest);
        }
        candidates
    }

    /// More of them.
    pub(crate) fn add(&mut self, addresses: &[SocketAddr]) {
        for &address in addresses {
            match address {
                SocketAddr::V6(_) => self.v6.push_back(address),
                SocketAddr::V4(_) => self.v4.push_back(address),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.v6.is_empty() && self.v4.is_empty()
    }
}

impl Iterator for Candidates {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        let address = self.first.take().or_else(|| {
            let (one, other) = match self.v6_is_next {
                true => (&mut self.v6, &mut self.v4),
                false => (&mut self.v4, &mut self.v6),
            };
            one.pop_front().or_else(|| other.pop_front())
        })?;
        self.v6_is_next = address.is_ipv4();
        Some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(addresses: &[&str]) -> Vec<String> {
        let parsed: Vec<SocketAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        Candidates::new(&parsed)
            .map(|a| a.ip().to_string())
            .collect()
    }

    #[test]
    fn families_take_turns_and_the_first_address_stays_first() {
        let found = order(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(found, ["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"]);
        let found = order(&["1.1.1.1:1", "2.2.2.2:1", "[::1]:1"]);
        assert_eq!(found, ["1.1.1.1", "::1", "2.2.2.2"]);
    }

    #[test]
    fn one_that_comes_late_has_its_turn_after_one_of_the_other_family() {
        let mut candidates =
            Candidates::new(&["[::1]:1".parse().unwrap(), "[::2]:1".parse().unwrap()]);
        candidates.next();
        candidates.add(&["1.1.1.1:1".parse().unwrap()]);
        assert!(candidates.next().is_some_and(|address| address.is_ipv4()));
        assert!(candidates.next().is_some_and(|address| address.is_ipv6()));
        assert!(candidates.is_empty());
    }
}
