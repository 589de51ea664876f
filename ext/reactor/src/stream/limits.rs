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
}

impl Default for Limits {
    /// Those of asyncio.
    fn default() -> Self {
        Self {
            high: 64 * 1024,
            low: 16 * 1024,
            full: false,
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

    /// Whether its owner should send no more for now, as far as can be told before that is written.
    pub(crate) fn seems_full(&self) -> bool {
        let length = self.outbound_len();
        let limits = self.limits.as_deref();
        limits.is_some_and(|limits| limits.full || length >= limits.high)
    }

    /// Tells of a crossing, where there is one. What waits has been written as far as it could be.
    pub(crate) fn check_limits(&mut self, base: &Base, turn: &mut Turn) {
        let length = self.outbound_len();
        let Some(limits) = self.limits.as_deref_mut() else {
            return;
        };
        if matches!(base.phase, Phase::Lingering | Phase::Closing) {
            return;
        }
        if limits.full && length <= limits.low {
            limits.full = false;
            turn.notices.push_back(Event::OutboundDrained(base.id));
            base.tell_sources(turn);
        } else if !limits.full && length >= limits.high {
            limits.full = true;
            turn.notices.push_back(Event::OutboundFull(base.id));
        }
    }

    /// It ends, of which neither a crossing nor the end of its input is told any more.
    pub(super) fn drop_notices(&mut self, id: Id, turn: &mut Turn) {
        if self.limits.take().is_some() || self.input_end_told {
            turn.notices.retain(|notice| !is_dropped(notice, id));
        }
    }
}

fn is_dropped(notice: &Event, of: Id) -> bool {
    use Event::{InputEnded, OutboundDrained, OutboundFull};

    matches!(notice, InputEnded(id) | OutboundFull(id) | OutboundDrained(id) if *id == of)
}
