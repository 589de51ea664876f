//! The result of handling one descriptor.

use crate::event::Event;

/// The result of handling a descriptor.
#[derive(Debug)]
pub(crate) enum Step {
    /// There is nothing to report.
    Idle,
    /// `len` bytes were read. They are at the start of the buffer.
    Data {
        len: usize,
        rest: Rest,
    },
    Tell(Event),
}

/// Whether there may be more to read, and when to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// In this turn.
    ThisTurn,
    /// In the next turn, after the other descriptors.
    NextTurn,
}
