//! What goes wrong in a run, and how often.

use crate::random::Random;

/// Of a thousand calls, so many fail in this way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// EINTR.
    pub interrupted: usize,
    /// A read or write of fewer bytes than could be.
    pub short: usize,
    /// EAGAIN, though there is something to read or room to write to.
    pub not_ready: usize,
    /// ENOBUFS and ENOMEM for reads and writes, which end connections.
    pub refused: usize,
    /// EMFILE, ENFILE, ENOBUFS and ENOMEM for new descriptors, and ECONNABORTED.
    pub shortage: usize,
    /// ENOMEM and ENOSPC for registrations.
    pub unwatched: usize,
    /// Readiness that is told later than it could be.
    pub delayed: usize,
    /// Clocks that jump during a poll.
    pub jumps: usize,
}

impl Faults {
    /// Some kinds of faults, some rare and some frequent.
    pub fn some(random: &mut Random) -> Self {
        let mut rate = |rates: &[usize]| random.pick(rates).unwrap_or(0);
        Self {
            interrupted: rate(&[0, 0, 10, 300]),
            short: rate(&[0, 50, 500]),
            not_ready: rate(&[0, 0, 20, 250]),
            refused: rate(&[0, 0, 0, 1, 10]),
            shortage: rate(&[0, 0, 20, 300]),
            unwatched: rate(&[0, 0, 0, 5, 50]),
            delayed: rate(&[0, 0, 200, 700]),
            jumps: rate(&[0, 0, 5, 50]),
        }
    }
}
