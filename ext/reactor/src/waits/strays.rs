//! Events of registrations that are gone.

use std::collections::HashSet;

use mio::Token;

/// More than there are, unless something is wrong; older ones are forgotten then.
const MOST: usize = 4096;

/// Tells entries of the queue that cannot be taken away. A file that was closed behind the
/// reactor's back stays in the queue for as long as a duplicate of its descriptor lives, and who
/// would take it away has to name the closed number: see epoll(7), questions and answers. Being
/// level-triggered, it is told of at each poll.
#[derive(Debug, Default)]
pub(super) struct Strays {
    seen: HashSet<Token>,
    stays: bool,
}

impl Strays {
    /// The system told of something that is nobody's. Once, it may have done so before it was told.
    pub(super) fn note(&mut self, token: Token) {
        if self.seen.len() == MOST {
            self.seen.clear();
        }
        self.stays |= !self.seen.insert(token);
    }

    /// Whether there is one that will be told of again.
    pub(super) fn stay(&self) -> bool {
        self.stays
    }
}
