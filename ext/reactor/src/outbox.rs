//! Datagrams that wait to be sent.

use std::collections::VecDeque;

use socket2::SockAddr;

/// The most that one UDP datagram can carry over IPv4 (RFC 768, RFC 791).
pub const MAX_DATAGRAM: usize = 65_507;

/// Memory that is kept when nothing waits.
const KEPT: usize = 256 * 1024;

/// A queue of datagrams with their targets.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<(SockAddr, usize)>,
    /// What they carry, one after the other, behind what went already.
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub(crate) fn push(&mut self, target: SockAddr, data: &[u8]) {
        self.queue.push_back((target, data.len()));
        self.bytes.extend_from_slice(data);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many datagrams wait.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// How many bytes wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// What waits, the first first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SockAddr, &[u8])> {
        let mut rest = &self.bytes[self.sent..];
        self.queue.iter().map(move |(target, length)| {
            let (data, after) = rest.split_at(*length);
            rest = after;
            (target, data)
        })
    }

    /// The first of them are gone.
    pub(crate) fn drop_first(&mut self, count: usize) {
        let lengths = self.queue.drain(..count).map(|(_, length)| length);
        self.sent += lengths.sum::<usize>();
        if self.queue.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.sent = 0;
        } else if self.sent > self.bytes.len() / 2 && self.sent > KEPT {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn target(port: u16) -> SockAddr {
        SocketAddr::from(([127, 0, 0, 1], port)).into()
    }

    fn waiting(outbox: &Outbox) -> Vec<(SockAddr, Vec<u8>)> {
        let datagrams = outbox.iter();
        datagrams
            .map(|(target, data)| (target.clone(), data.to_vec()))
            .collect()
    }

    #[test]
    fn what_waits_keeps_its_order_bounds_and_targets() {
        let mut outbox = Outbox::default();
        for (port, data) in [(1, "one"), (2, ""), (3, "three")] {
            outbox.push(target(port), data.as_bytes());
        }
        assert_eq!(outbox.bytes(), 8);
        outbox.drop_first(1);
        let left = vec![(target(2), vec![]), (target(3), b"three".to_vec())];
        assert_eq!(waiting(&outbox), left);
        assert_eq!(outbox.bytes(), 5);
        outbox.drop_first(2);
        assert!(outbox.is_empty() && outbox.bytes() == 0 && waiting(&outbox).is_empty());
    }

    #[test]
    fn what_went_takes_no_memory_for_long() {
        let mut outbox = Outbox::default();
        for round in 0..1_000_usize {
            outbox.push(target(1), &[round as u8; 10_000]);
            if round >= 10 {
                outbox.drop_first(1);
            }
        }
        let expected: Vec<_> = (990..1_000_usize)
            .map(|round| vec![round as u8; 10_000])
            .collect();
        let data: Vec<_> = waiting(&outbox).into_iter().map(|(_, data)| data).collect();
        assert!(data == expected);
        assert!(outbox.bytes.capacity() < 2 * 1024 * 1024);
        outbox.drop_first(10);
        assert!(outbox.bytes.capacity() <= KEPT);
    }
}
