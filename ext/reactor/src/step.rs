//! What work on one descriptor came to.

use crate::event::Event;

/// What work on a descriptor came to.
#[derive(Debug)]
pub(crate) enum Step {
    /// There is nothing to tell.
    Idle,
    /// So many bytes came in, which are at the start of the buffer.
    Data {
        len: usize,
        rest: Rest,
    },
    Tell(Event),
}

/// Whether there may be more where bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// It is to be told in this turn.
    ThisTurn,
    /// Others have their share first.
    NextTurn,
}
