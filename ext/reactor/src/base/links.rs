//! Links between descriptors: forwarding, and waiting for each other.

use super::Base;
use crate::id::Id;

/// The links of a descriptor, as source and as target.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) forward: Option<Forward>,
    /// Bytes forwarded since the proxy was last started.
    pub(crate) proxied: u64,
    /// Descriptors that forward to it.
    pub(crate) sources: Vec<Id>,
    /// Descriptors that it waits for: it is not read while one of them is full.
    pub(crate) waits_for: Vec<Id>,
    /// Descriptors that wait for it in that way.
    pub(crate) followers: Vec<Id>,
    /// Whether its owner has stopped reading.
    pub(crate) stopped: bool,
}

/// Where a source forwards its data to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward {
    pub(crate) target: Id,
    /// Bytes that may wait at the target before reading from the source stops.
    pub(crate) limit: usize,
    /// Bytes left to forward, if the proxy has a length.
    pub(crate) remaining: Option<u64>,
    /// The most that the target takes at once.
    pub(crate) share: usize,
    /// Whether so much comes that splicing is cheaper than copying.
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
    /// Whether reading stops because a target is full.
    pub(crate) held: bool,
    /// The most that is read at once.
    pub(crate) share: usize,
}

impl Room {
    /// No limit: its owner reads everything.
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
