//! Names of descriptors, watched files and timers.

/// The name of a descriptor, a watched file or a timer: unique for the life of the reactor that
/// gave it.
///
/// The value holds a slot and the slot's generation, so looking it up costs no hashing and a stale
/// name is recognised. It is never zero and fits a Ruby Fixnum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u64);

/// Bits of the value that hold the slot: sixteen million at a time.
const SLOT_BITS: u32 = 24;
/// Generations wrap at so many bits, above which are two for the space: all is below 2^62, the
/// limit of a Fixnum.
const GENERATION_BITS: u32 = 36;

/// What is named. Names of different spaces are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Sockets, pipes and whatever else has a descriptor of its own.
    Descriptors = 0,
    /// Watched files, which share one descriptor.
    FileWatches = 1,
    /// Timers.
    Timers = 2,
    /// Waits of fibers.
    Waits = 3,
}

impl Id {
    /// The most slots a table of these names can have.
    pub(crate) const MAX_SLOTS: usize = 1 << SLOT_BITS;

    pub(crate) fn new(space: Space, slot: usize, generation: u64) -> Self {
        let generation = generation & ((1 << GENERATION_BITS) - 1);
        let space = (space as u64) << (GENERATION_BITS + SLOT_BITS);
        Self(space | (generation << SLOT_BITS) | slot as u64)
    }

    pub(crate) fn slot(self) -> usize {
        (self.0 & ((1 << SLOT_BITS) - 1)) as usize
    }

    /// The number that stands for this name outside.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl From<u64> for Id {
    /// Any number may be asked for; one that was never given simply names nothing.
    fn from(value: u64) -> Self {
        Self(value)
    }
}
