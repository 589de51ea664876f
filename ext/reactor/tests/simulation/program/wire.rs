//! What is sent in one direction of a connection, and how much of it has arrived: as rules, since
//! the bytes follow from where they are in it.

use std::collections::VecDeque;
use std::sync::OnceLock;

use crate::random::Random;

/// After so many bytes they repeat; a prime, so that no buffer size divides it.
const PERIOD: usize = 65_521;
/// The key of a byte that only carries descriptors.
const CARRIER: u64 = u64::MAX;
/// The most that is sent at once.
pub const MOST: usize = 128 * 1024;

/// Bytes that were sent and have not arrived.
#[derive(Debug, Clone, Copy)]
struct Piece {
    key: u64,
    from: u64,
    length: u64,
}

/// A descriptor on its way.
#[derive(Debug, Clone, Copy)]
struct Passed {
    /// After how many bytes come those that it was sent with, and how many these are.
    at: u64,
    length: u64,
    /// What tells its open file from others.
    serial: u64,
    /// Whether it was sent with a byte that only carries it.
    is_carried: bool,
}

/// One direction of one connection.
#[derive(Debug, Default)]
pub struct Wire {
    key: u64,
    /// How many bytes the sender has made.
    made: u64,
    /// How many bytes were handed over to be sent, those of others included.
    pub offered: u64,
    pub received: u64,
    expected: VecDeque<Piece>,
    passed: VecDeque<Passed>,
    /// The connection whose input is passed on to this wire, from now on.
    pub source: Option<usize>,
    /// Whether some of what was offered need not arrive.
    pub lossy: bool,
}

impl Wire {
    pub fn new(key: u64) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }

    /// The next bytes of the sender's.
    pub fn next(&self, length: usize) -> &'static [u8] {
        content(self.key, self.made, length)
    }

    /// As [`next`](Self::next), of any length.
    pub fn bytes(&self, length: usize) -> Vec<u8> {
        let piece = Piece {
            key: self.key,
            from: self.made,
            length: length as u64,
        };
        chunks(piece).flatten().copied().collect()
    }

    /// So many of the sender's bytes were taken.
    pub fn offer(&mut self, length: usize) {
        let piece = Piece {
            key: self.key,
            from: self.made,
            length: length as u64,
        };
        self.made += length as u64;
        self.expect(piece);
    }

    /// Descriptors were sent with a byte that carries them.
    pub fn offer_carrier(&mut self, serials: impl IntoIterator<Item = u64>) {
        let piece = Piece {
            key: CARRIER,
            from: 0,
            length: 1,
        };
        self.pass(1, true, serials);
        self.expect(piece);
    }

    /// So many of the sender's bytes were taken, and descriptors with them.
    pub fn offer_with(&mut self, length: usize, serials: impl IntoIterator<Item = u64>) {
        self.pass(length as u64, false, serials);
        self.offer(length);
    }

    fn pass(&mut self, length: u64, is_carried: bool, serials: impl IntoIterator<Item = u64>) {
        let at = self.offered;
        self.passed.extend(serials.into_iter().map(|serial| Passed {
            at,
            length,
            serial,
            is_carried,
        }));
    }

    /// A descriptor has arrived, in its turn among the bytes: which it is.
    pub fn land(&mut self) -> Result<u64, String> {
        let passed = self.passed.pop_front().ok_or("a descriptor too many")?;
        let Passed { at, length, .. } = passed;
        if passed.is_carried && self.received == at {
            self.take(1);
            self.received += 1;
        }
        match at < self.received && self.received <= at + length {
            true => Ok(passed.serial),
            false => Err(format!("a descriptor of {at} at {}", self.received)),
        }
    }

    /// Whether the next so many bytes may come before the next descriptor.
    pub fn may_precede(&self, length: usize) -> bool {
        self.passed
            .front()
            .is_none_or(|next| match next.is_carried {
                true => self.received + length as u64 <= next.at,
                false => self.received <= next.at,
            })
    }

    /// Descriptors whose bytes have arrived are no more: which they were.
    pub fn forget_passed(&mut self) -> Vec<u64> {
        let mut serials = Vec::new();
        while let Some(first) = self.passed.front().filter(|one| one.at < self.received) {
            serials.push(first.serial);
            self.passed.pop_front();
        }
        serials
    }

    /// How many descriptors are on their way.
    pub fn flying(&self) -> usize {
        self.passed.len()
    }

    fn expect(&mut self, piece: Piece) {
        self.offered += piece.length;
        match self.expected.back_mut() {
            Some(last) if last.key == piece.key && last.from + last.length == piece.from => {
                last.length += piece.length;
            }
            _ if piece.length > 0 => self.expected.push_back(piece),
            _ => {}
        }
    }

    /// How many bytes are expected whose content is known.
    fn known(&self) -> u64 {
        self.expected.iter().map(|piece| piece.length).sum()
    }

    /// The next piece that is expected, up to so many bytes.
    fn take(&mut self, most: u64) -> Option<Piece> {
        let first = self.expected.front_mut()?;
        let length = first.length.min(most);
        let taken = Piece { length, ..*first };
        first.from += length;
        first.length -= length;
        if first.length == 0 {
            self.expected.pop_front();
        }
        Some(taken)
    }

    /// Checks bytes that have arrived.
    pub fn receive(&mut self, mut data: &[u8]) -> Result<(), String> {
        while !data.is_empty() {
            let at = self.received;
            let Some(piece) = self.take(data.len() as u64) else {
                return Err(format!("{} bytes too many at {at}", data.len()));
            };
            for part in chunks(piece) {
                let (here, rest) = data.split_at(part.len());
                if here != part {
                    return Err(format!("wrong bytes at {at}"));
                }
                data = rest;
            }
            self.received += piece.length;
        }
        Ok(())
    }
}

/// Takes what one wire expects next, as received, and has another expect it: it is passed on.
/// What is not expected yet is lacking: how much.
pub fn pass_on(wires: &mut [Wire], from: usize, to: usize, length: u64) -> u64 {
    let mut left = length;
    while left > 0 {
        let Some(piece) = wires[from].take(left) else {
            break;
        };
        wires[from].received += piece.length;
        wires[to].expect(piece);
        left -= piece.length;
    }
    left
}

/// How many bytes more a wire would have to expect, to receive so many.
pub fn lacking(wire: &Wire, length: usize) -> u64 {
    (length as u64).saturating_sub(wire.known())
}

fn chunks(piece: Piece) -> impl Iterator<Item = &'static [u8]> {
    let Piece {
        key,
        mut from,
        mut length,
    } = piece;
    std::iter::from_fn(move || {
        let count = length.min(MOST as u64);
        let part = (count > 0).then(|| match key {
            CARRIER => &[0][..],
            _ => content(key, from, count as usize),
        });
        from += count;
        length -= count;
        part
    })
}

/// So many bytes from a place in the endless content of that name.
pub fn content(key: u64, from: u64, length: usize) -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = BYTES.get_or_init(|| {
        let mut random = Random::new(0);
        let period: Vec<u8> = (0..PERIOD).map(|_| random.next() as u8).collect();
        period.iter().copied().cycle().take(PERIOD + MOST).collect()
    });
    let start = ((key.wrapping_mul(7919) + from) % PERIOD as u64) as usize;
    &bytes[start..start + length]
}
