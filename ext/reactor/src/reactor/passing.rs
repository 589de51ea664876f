//! Descriptors passed over connections.

use super::Reactor;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::sys::handle::RawDescriptor;
use crate::sys::passing::Passed;

impl Reactor {
    /// Has the owner of each connection over a Unix socket be asked whether it takes descriptors,
    /// by [`Event::DescriptorsOffered`](crate::Event::DescriptorsOffered), when something comes in
    /// for the first time. Else those that come in are closed.
    pub fn offer_descriptors(&mut self) {
        self.turn.offers_descriptors = true;
    }

    /// Has descriptors that come in be told, by
    /// [`Event::DescriptorReceived`](crate::Event::DescriptorReceived), from the next on that was
    /// not read yet. A zero byte that carries them, and nothing else, is not told then.
    pub fn take_descriptors(&mut self, id: Id) {
        self.with_stream(id, |stream, _, _| stream.take_descriptors());
    }

    /// The descriptor that was told last, which is the caller's to close: it is closed on exec, and
    /// what is not asked for is closed.
    pub fn received_descriptor(&mut self, id: Id) -> Option<RawDescriptor> {
        let received = self.with_stream(id, |stream, _, _| stream.told_descriptor());
        received.flatten().map(Passed::into_raw)
    }

    /// Queues a duplicate of a descriptor and one zero byte that carries it, behind what was sent
    /// before; says how many bytes were taken: none where the connection is closing.
    pub fn send_descriptor(&mut self, id: Id, fd: RawDescriptor) -> Result<usize> {
        let (descriptor, turn) = self.sender(id)?;
        let (stream, base) = descriptor.stream_parts("send_io")?;
        if !stream.passes_descriptors(base) {
            return Err(Error::NoUnixSocket(base.describe()));
        }
        if !stream.takes_bytes(base) {
            return Ok(0);
        }
        let passed = Passed::duplicate(fd)
            .map_err(|error| Error::system("dup", format!("descriptor {fd}"), error))?;
        stream.send_descriptor(base, turn, passed);
        Ok(1)
    }
}
