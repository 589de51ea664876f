//! Random numbers that are the same for the same seed: SplitMix64.

use std::cell::RefCell;

thread_local! {
    /// What decides instead, two bytes at a time, as long as there is any: the input of a fuzzer.
    static TAPE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Has all of this thread's numbers follow from `bytes` until these are used up.
pub fn play(bytes: &[u8]) {
    TAPE.with(|tape| *tape.borrow_mut() = bytes.iter().rev().copied().collect());
}

/// A number of the tape. One that is changed changes only what it decides.
fn next_of_tape() -> Option<u64> {
    TAPE.with(|tape| {
        let mut tape = tape.borrow_mut();
        let (high, low) = (tape.pop()?, tape.pop()?);
        Some(mix(u64::from(u16::from_be_bytes([high, low]))))
    })
}

fn mix(number: u64) -> u64 {
    let mut mixed = number;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A source of numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        if let Some(number) = next_of_tape() {
            return number;
        }
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    /// A size up to `most`, of which small ones are as frequent as large ones; never zero.
    pub fn size(&mut self, most: usize) -> usize {
        let bits = usize::BITS - most.leading_zeros();
        let limit = 1 << self.between(0, bits as usize);
        self.between(1, most.min(limit).max(1))
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        match from.len() {
            0 => None,
            count => Some(from[self.below(count)]),
        }
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.below(index + 1));
        }
    }
}
