//! What a descriptor may be waited for.

use std::ops::{BitAnd, BitOr};

/// What a descriptor is waited for, or is ready for: a set of bits, those of Ruby's `IO::READABLE`,
/// `IO::PRIORITY` and `IO::WRITABLE`, of poll(2) and of epoll(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest(u8);

impl Interest {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// There is something to read, or the end.
    pub const READABLE: Self = Self(1);
    /// There is urgent data.
    pub const PRIORITY: Self = Self(2);
    /// There is room to write to, or nobody who reads.
    pub const WRITABLE: Self = Self(4);

    /// The bits that are known; others are left out.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }

    /// The bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether it is nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The same with `other`, or without.
    pub(crate) fn change(self, other: Self, wanted: bool) -> Self {
        match wanted {
            true => self | other,
            false => self & Self(!other.0),
        }
    }

    /// Whether all of `other` is in it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Interest {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
