//! Sending, and stopping for a while.

use std::path::Path;

use super::Reactor;
use crate::base::Base;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::file_source::{FileSource, PIECE};
use crate::id::Id;
use crate::outbound::SharedBytes;
use crate::stream::Stream;
use crate::turn::Turn;

impl Reactor {
    /// Queues bytes for a connection and says how many were taken: none where it is closing, and an
    /// error where its end was told. On a datagram socket they are one datagram, for the sender of
    /// the last one that came in. [`flush`](Self::flush) writes them.
    pub fn send(&mut self, id: Id, data: &[u8]) -> Result<usize> {
        let (descriptor, turn) = self.sender(id)?;
        match &mut descriptor.kind {
            Kind::Stream(stream) => {
                let base = &mut descriptor.base;
                send(stream, base, turn, data.len(), |stream, base, turn| {
                    stream.send(base, turn, data);
                })
            }
            Kind::Datagram(datagram) => datagram.send(&mut descriptor.base, turn, data, None),
            kind => Base::wrong_kind("send_data", kind.name()),
        }
    }

    /// As [`send`](Self::send), without a copy where there is no need of one: worth it for many
    /// bytes.
    pub fn send_shared(&mut self, id: Id, data: SharedBytes) -> Result<usize> {
        let (descriptor, turn) = self.sender(id)?;
        if !descriptor.is_stream() {
            return self.send(id, (*data).as_ref());
        }
        let (stream, base) = descriptor.stream_parts("send_data")?;
        let length = (*data).as_ref().len();
        send(stream, base, turn, length, |stream, base, turn| {
            stream.send_shared(base, turn, data);
        })
    }

    /// Queues a whole file for a connection, and says how many bytes that is: none where it is
    /// closing. A file of up to 64 KiB is read at once. A longer one is kept open and read as the
    /// connection takes it: it is not to be changed meanwhile, and where it is made shorter, the
    /// connection ends with EIO.
    pub fn send_file(&mut self, id: Id, path: &Path) -> Result<usize> {
        let mut source = FileSource::open(path)?;
        if source.len() <= PIECE {
            let data = source
                .read()
                .map_err(|error| Error::system("read", path.display().to_string(), error))?;
            return self.send(id, &data);
        }
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let (stream, base) = descriptor.stream_parts("send_file_data")?;
        let length = source.len();
        send(stream, base, turn, length, |stream, base, turn| {
            stream.send_file(base, turn, source);
        })
    }

    /// One that may be sent to: its end was not told yet.
    pub(super) fn sender(&mut self, id: Id) -> Result<(&mut Descriptor, &mut Turn)> {
        match self.descriptors.get_mut(id) {
            Some(descriptor) if !descriptor.base.unbound => Ok((descriptor, &mut self.turn)),
            _ => Err(Error::UnknownId(id.as_u64())),
        }
    }

    /// How many bytes wait to be written.
    pub fn outbound_len(&self, id: Id) -> Result<usize> {
        Ok(self.descriptor(id)?.outbound_len())
    }

    /// Stops or resumes both directions of a connection; what is sent meanwhile is queued, and what
    /// comes in waits, in the system but for a few datagrams. Says whether that changed anything.
    pub fn set_paused(&mut self, id: Id, paused: bool) -> Result<bool> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let base = &mut descriptor.base;
        if base.paused == paused {
            return Ok(false);
        }
        base.paused = paused;
        if !paused {
            base.enqueue(turn);
            base.mark_dirty(turn);
        }
        Ok(true)
    }

    /// Whether a connection is paused.
    pub fn is_paused(&self, id: Id) -> Result<bool> {
        Ok(self.descriptor(id)?.base.paused)
    }
}

fn send(
    stream: &mut Stream,
    base: &mut Base,
    turn: &mut Turn,
    length: usize,
    queue: impl FnOnce(&mut Stream, &mut Base, &mut Turn),
) -> Result<usize> {
    if !stream.takes_bytes(base) {
        return Ok(0);
    }
    queue(stream, base, turn);
    Ok(length)
}
