//! The order of a turn: where turns take long, who had nothing in the last one goes first.
//!
//! One that asks now and then need not wait for one that always has something, as with the flow
//! queues of RFC 8290. Everybody still has a share of each turn, unless that takes too long.

use super::Reactor;
use crate::turn::{Stage, Turn};

impl Reactor {
    /// Whether those that had nothing in the last turn go first from the next one on.
    #[inline]
    pub fn set_ordered(&mut self, is_ordered: bool) {
        self.turn.is_ordered = is_ordered;
    }

    /// Leaves those that were handled in the last turn, too, for the next one, since this one takes
    /// long: others may be ready by now. One of them is handled in each turn.
    pub fn put_off_regulars(&mut self) {
        if self.turn.stage == Stage::Regulars {
            self.turn.stage = Stage::Over;
        }
    }

    /// Goes on with one that was handled in the last turn, too, if there is any. What the others
    /// were sent is written before.
    pub(super) fn take_regular(&mut self) -> bool {
        match self.turn.stage {
            Stage::Over => return false,
            Stage::Others => self.flush(),
            Stage::Regulars => {}
        }
        let turn = &mut self.turn;
        turn.stage = Stage::Regulars;
        turn.ready.extend(turn.regulars.pop_front());
        true
    }
}

impl Turn {
    /// A turn begins. Who had a share of the last one, and has more, is a regular.
    pub(super) fn begin_order(&mut self) {
        self.number = self.number.wrapping_add(1);
        self.stage = Stage::Others;
        // Mostly there are none of either.
        if !self.regulars.is_empty() && !self.is_ordered {
            self.ready.append(&mut self.regulars);
        }
        if !self.carried.is_empty() {
            let next = match self.is_ordered {
                true => &mut self.regulars,
                false => &mut self.ready,
            };
            next.append(&mut self.carried);
        }
    }
}
