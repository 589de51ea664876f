//! What one descriptor has to do with others: it passes on to them, or waits for them.

use super::Base;
use crate::id::Id;

/// What a descriptor has to do with others, as source and as target.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) forward: Option<Forward>,
    /// Bytes passed on since the proxy was last started.
    pub(crate) proxied: u64,
    /// Those that pass on to this one.
    pub(crate) sources: Vec<Id>,
    /// Those that it is not read from for while they are full.
    pub(crate) waits_for: Vec<Id>,
    /// Those that wait for this one so.
    pub(crate) followers: Vec<Id>,
    /// Whether its owner wants it not to be read from for now.
    pub(crate) stopped: bool,
}

/// Where a source passes its data on to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward {
    pub(crate) target: Id,
    /// Bytes that may wait at the target before reading from the source stops.
    pub(crate) limit: usize,
    /// Bytes to pass on yet, where there is an end.
    pub(crate) remaining: Option<u64>,
    /// The most that the target takes at once.
    pub(crate) share: usize,
    /// Whether more comes than is worth to be copied.
    pub(crate) bulk: bool,
}

impl Forward {
    /// The most that may be read at once: nothing beyond the proxy's end.
    pub(crate) fn readable_share(&self) -> usize {
        let remaining = self.remaining.unwrap_or(u64::MAX);
        let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
        remaining.min(self.share)
    }
}

/// How much may be read from a descriptor now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Whether nothing is read, since what was read before waits at a target.
    pub(crate) held: bool,
    /// The most that is read at once.
    pub(crate) share: usize,
}

impl Room {
    /// For what its owner reads itself.
    pub(crate) const FREE: Self = Self {
        held: false,
        share: usize::MAX,
    };
}

impl Base {
    pub(crate) fn forward(&self) -> Option<&Forward> {
        self.links.as_ref()?.forward.as_ref()
    }
}
