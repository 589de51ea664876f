//! Datagrams that were taken from one socket together, and are given out one by one.

use crate::id::Id;
use crate::sys::datagrams::Inbox;

/// The datagrams, and whose they are.
#[derive(Debug)]
pub(crate) struct Batch {
    owner: Id,
    inbox: Box<Inbox>,
}

impl Batch {
    /// A batch for `owner`; `None` where the system gives datagrams singly.
    pub(crate) fn new(owner: Id) -> Option<Self> {
        let inbox = Inbox::new()?;
        Some(Self { owner, inbox })
    }

    /// The inbox, where `id` may use it: not while there are datagrams of another, which may be paused with
    /// them.
    pub(crate) fn inbox_for(&mut self, id: Id) -> Option<&mut Inbox> {
        if self.owner != id {
            if !self.inbox.is_empty() {
                return None;
            }
            self.owner = id;
        }
        Some(&mut self.inbox)
    }

    /// Drops what is there for `id`, to which nothing is told any more.
    pub(crate) fn disown(&mut self, id: Id) {
        if self.owner == id {
            self.inbox.clear();
        }
    }
}
