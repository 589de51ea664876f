//! Datagrams that are received together, by one system call, and reported one by one.

use crate::id::Id;
use crate::sys::datagrams::Inbox;

/// The datagrams of one socket.
#[derive(Debug)]
pub(crate) struct Batch {
    owner: Id,
    inbox: Box<Inbox>,
}

impl Batch {
    /// A batch for `owner`. `None` on systems that receive datagrams one by one.
    pub(crate) fn new(owner: Id) -> Option<Self> {
        let inbox = Inbox::new()?;
        Some(Self { owner, inbox })
    }

    /// The inbox, unless it still holds datagrams of another socket, which may be paused.
    pub(crate) fn inbox_for(&mut self, id: Id) -> Option<&mut Inbox> {
        if self.owner != id {
            if !self.inbox.is_empty() {
                return None;
            }
            self.owner = id;
        }
        Some(&mut self.inbox)
    }

    /// Drops the datagrams of `id`, which is closing.
    pub(crate) fn disown(&mut self, id: Id) {
        if self.owner == id {
            self.inbox.clear();
        }
    }
}
