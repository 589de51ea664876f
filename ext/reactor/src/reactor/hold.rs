//! Descriptors whose owner does not know them yet, since another thread is about to make it.

use super::Reactor;
use crate::base::Hold;
use crate::error::{Error, Result};
use crate::id::Id;

impl Reactor {
    /// Gives no event of a descriptor or a watched file until [`claim`](Self::claim). Nothing is
    /// lost meanwhile: what arrives waits in the system, and an end is told afterwards.
    ///
    /// Fails for an unknown name.
    pub fn hold(&mut self, id: Id) -> Result<()> {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.base.hold = Some(Hold::default());
            return Ok(());
        }
        match self.files.hold(id) {
            true => Ok(()),
            false => Err(Error::UnknownId(id.as_u64())),
        }
    }

    /// Has the events of a descriptor or a watched file be given, those that were held back first.
    pub fn claim(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return self.files.claim(id);
        };
        let base = &mut descriptor.base;
        match base.hold.take() {
            Some(Hold { end: Some(reason) }) => base.tell_end(&mut self.turn, reason),
            Some(_) => base.enqueue(&mut self.turn),
            None => {}
        }
    }
}
