//! Hashing objects by where they are, which nobody from outside chooses.

use std::hash::{BuildHasherDefault, Hasher};

pub(crate) type ByAddress = BuildHasherDefault<Address>;

#[derive(Default)]
pub(crate) struct Address(u64);

impl Hasher for Address {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 << 8 | u64::from(byte));
        }
    }

    fn write_u64(&mut self, address: u64) {
        // The lowest bits of addresses are zero, and tables look at the highest and lowest of a
        // hash.
        let mixed = address.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
