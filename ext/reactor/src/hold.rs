//! Descriptors whose owner does not know them yet, since another thread is about to make it.

use crate::descriptor::Hold;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::reactor::Reactor;

impl Reactor {
    /// Gives no event of a descriptor or a watched file until [`claim`](Self::claim). Nothing is lost
    /// meanwhile: what arrives waits in the system, and an end is told afterwards.
    ///
    /// Fails for an unknown name.
    pub fn hold(&mut self, id: Id) -> Result<()> {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.hold = Some(Hold::default());
            return Ok(());
        }
        match self.files.hold(id) {
            true => Ok(()),
            false => Err(Error::UnknownId(id.as_u64())),
        }
    }

    /// Has the events of a descriptor or a watched file be given, those that were held back first.
    pub fn claim(&mut self, id: Id) {
        self.files.claim(id);
        let Some(hold) = self.descriptors.get_mut(id).and_then(|d| d.hold.take()) else {
            return;
        };
        match hold.end {
            Some(reason) => self.unbind_later(id, reason),
            None => self.enqueue(id),
        }
    }
}
