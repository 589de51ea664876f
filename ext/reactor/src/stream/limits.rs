//! How much may wait to be written before the owner is told.

use super::Stream;
use crate::base::{Base, Phase};
use crate::event::Event;
use crate::id::Id;
use crate::turn::Turn;

/// The limits of a stream.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) high: usize,
    pub(crate) low: usize,
    /// Whether what waits has reached the one, and not yet come down to the other.
    full: bool,
    /// Whether its owner was told so, before it was known whether the system takes it all at once.
    told: bool,
}

impl Default for Limits {
    /// Those of asyncio.
    fn default() -> Self {
        Self {
            high: 64 * 1024,
            low: 16 * 1024,
            full: false,
            told: false,
        }
    }
}

impl Stream {
    pub(crate) fn limits_mut(&mut self) -> &mut Limits {
        self.limits.get_or_insert_default()
    }

    /// Whether others that wait for it are not read from.
    pub(crate) fn is_full(&self) -> bool {
        self.limits.as_deref().is_some_and(|limits| limits.full)
    }

    /// Whether its owner should send no more for now, or at all since it takes no more. One that is
    /// told so waits for the other crossing, which is then told even if the system takes all at
    /// once.
    pub(crate) fn seems_full(&mut self, base: &Base) -> bool {
        let (length, takes_bytes) = (self.outbound_len(), self.takes_bytes(base));
        if matches!(base.phase, Phase::Lingering | Phase::Closing) {
            return true;
        }
        let Some(limits) = self.limits.as_deref_mut() else {
            return false;
        };
        limits.told |= length >= limits.high;
        limits.full || limits.told || !takes_bytes
    }

    /// Tells of a crossing, where there is one. What waits has been written as far as it could be.
    pub(crate) fn check_limits(&mut self, base: &mut Base, turn: &mut Turn) {
        let length = self.outbound_len();
        let Some(limits) = self.limits.as_deref_mut() else {
            return;
        };
        if matches!(base.phase, Phase::Lingering | Phase::Closing) {
            return;
        }
        let reached = std::mem::take(&mut limits.told) || length >= limits.high;
        if reached && !limits.full {
            limits.full = true;
            turn.notices.push_back(Event::OutboundFull(base.id));
            if length <= limits.low {
                // Told in the next turn: a sender that a fast peer keeps busy has only its share.
                base.flush_later(turn);
            }
        } else if limits.full && length <= limits.low {
            limits.full = false;
            turn.notices.push_back(Event::OutboundDrained(base.id));
            base.tell_sources(turn);
        }
    }

    /// It ends, of which neither a crossing nor the end of its input is told any more.
    pub(super) fn drop_notices(&mut self, id: Id, turn: &mut Turn) {
        if self.limits.take().is_some() || self.input_end_told {
            turn.drop_notices(id);
        }
    }
}
