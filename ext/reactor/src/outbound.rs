//! What is yet to be written to a descriptor.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};

use crate::buffers::Buffers;
use crate::file_source::FileSource;
use crate::sys::handle::Handle;
use crate::sys::passing::{self, Passed};

/// Sends up to this size are gathered into one buffer.
const COALESCE: usize = 64 * 1024;
/// Buffers handed to one writev(2).
const SLICES: usize = 16;
/// Bytes that are written before other descriptors have their turn.
pub(crate) const SHARE: usize = 256 * 1024;

/// Bytes that stay where and what they are until this is dropped.
pub type SharedBytes = Box<dyn AsRef<[u8]>>;

/// A queue of bytes, some of them still in files. An empty one holds no memory.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    /// What comes before `tail`.
    chunks: VecDeque<Chunk>,
    /// What small sends are gathered in.
    tail: Vec<u8>,
    /// Bytes of the first chunk, or of `tail` where there is none, that are written already.
    written: usize,
    length: usize,
}

enum Chunk {
    Bytes(Vec<u8>),
    Shared(SharedBytes),
    File(FileSource),
    /// A descriptor, which goes with a byte.
    Descriptor(Passed),
}

impl Chunk {
    /// Its bytes, unless they are in a file yet.
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Shared(bytes) => Some((**bytes).as_ref()),
            Self::File(_) | Self::Descriptor(_) => None,
        }
    }

    /// How many bytes it is, unless they are in a file yet.
    fn len(&self) -> Option<usize> {
        match self {
            Self::Descriptor(_) => Some(1),
            _ => self.bytes().map(<[u8]>::len),
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(source) => source.fmt(f),
            Self::Descriptor(passed) => passed.fmt(f),
            _ => write!(f, "{} bytes", self.len().unwrap_or(0)),
        }
    }
}

/// How far a flush came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All is written.
    Empty,
    /// The descriptor takes no more for now.
    Blocked,
    /// There is more to write, but it has had its share.
    Shared,
}

impl Outbound {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Has an empty queue gather what is sent in a buffer that was used before.
    pub(crate) fn borrow_buffer(&mut self, buffers: &mut Buffers) {
        if self.tail.capacity() == 0 {
            self.tail = buffers.take();
        }
    }

    /// Gives the buffer of an empty queue back.
    pub(crate) fn return_buffer(&mut self, buffers: &mut Buffers) {
        if self.length == 0 {
            buffers.put(std::mem::take(&mut self.tail));
        }
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        if !self.tail.is_empty() && self.tail.len() + data.len() > COALESCE {
            self.seal_tail();
        }
        self.length += data.len();
        self.tail.extend_from_slice(data);
    }

    /// As [`push`](Self::push), without a copy.
    pub(crate) fn push_shared(&mut self, data: SharedBytes) {
        let length = (*data).as_ref().len();
        self.push_chunk(Chunk::Shared(data), length);
    }

    pub(crate) fn push_file(&mut self, source: FileSource) {
        let length = source.len();
        self.push_chunk(Chunk::File(source), length);
    }

    pub(crate) fn push_descriptor(&mut self, passed: Passed) {
        self.push_chunk(Chunk::Descriptor(passed), 1);
    }

    fn push_chunk(&mut self, chunk: Chunk, length: usize) {
        if length > 0 {
            self.seal_tail();
            self.length += length;
            self.chunks.push_back(chunk);
        }
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.chunks.push_back(Chunk::Bytes(tail));
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes until all is written or the descriptor takes no more; says also how much it took.
    pub(crate) fn flush(&mut self, handle: &Handle) -> (usize, io::Result<Flushed>) {
        let mut total = 0;
        while self.length > 0 {
            if total >= SHARE {
                return (total, Ok(Flushed::Shared));
            }
            if let Err(error) = self.load() {
                return (total, Err(error));
            }
            match self.write_once(handle, SHARE - total) {
                Ok(count) => {
                    total += count;
                    self.consume(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return (total, Ok(Flushed::Blocked));
                }
                Err(error) => return (total, Err(error)),
            }
        }
        (total, Ok(Flushed::Empty))
    }

    /// Takes the first bytes out of a queue that is not flushed itself.
    pub(crate) fn take_piece(&mut self) -> io::Result<Vec<u8>> {
        self.load()?;
        let piece = match self.chunks.pop_front() {
            Some(Chunk::Bytes(piece)) => piece,
            Some(Chunk::Shared(piece)) => (*piece).as_ref().to_vec(),
            Some(Chunk::Descriptor(_)) => vec![passing::CARRIER],
            Some(Chunk::File(_)) | None => std::mem::take(&mut self.tail),
        };
        self.length -= piece.len();
        Ok(piece)
    }

    /// Reads the next piece of a file that is first in the queue.
    fn load(&mut self) -> io::Result<()> {
        let Some(Chunk::File(source)) = self.chunks.front_mut() else {
            return Ok(());
        };
        let piece = source.read()?;
        if source.len() == 0 {
            self.chunks.pop_front();
        }
        self.chunks.push_front(Chunk::Bytes(piece));
        Ok(())
    }

    /// Writes `most` bytes at most by one system call.
    fn write_once(&self, handle: &Handle, most: usize) -> io::Result<usize> {
        let written = match self.chunks.front() {
            None => handle.write(&[IoSlice::new(up_to(most, &self.tail[self.written..]))])?,
            Some(Chunk::Descriptor(passed)) => {
                handle.attempt(|socket| passing::send(socket, passed))?
            }
            Some(_) => self.write_chunks(handle, most)?,
        };
        match written {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => Ok(count),
        }
    }

    fn write_chunks(&self, handle: &Handle, mut most: usize) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        let tail = std::iter::once(Some(self.tail.as_slice()));
        // A file that is yet to be read ends what can be written now, and a descriptor.
        let waiting = self.chunks.iter().map(Chunk::bytes).chain(tail);
        for (slice, bytes) in slices.iter_mut().zip(waiting.map_while(|bytes| bytes)) {
            let from = if count == 0 { self.written } else { 0 };
            let bytes = up_to(most, &bytes[from..]);
            most -= bytes.len();
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        handle.write(&slices[..count])
    }

    fn consume(&mut self, mut count: usize) {
        self.length -= count;
        while let Some(first) = self.chunks.front().and_then(Chunk::len) {
            let left = first - self.written;
            if count < left {
                self.written += count;
                return;
            }
            count -= left;
            self.written = 0;
            self.chunks.pop_front();
        }
        if self.length == 0 {
            self.written = 0;
            self.tail.clear();
            self.chunks = VecDeque::new();
        } else {
            self.written += count;
        }
    }
}

fn up_to(most: usize, bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(most)]
}

impl io::Write for Outbound {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.push(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_is_pushed_comes_out_in_order_over_partial_writes() {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let handle = Handle::from(socket2::Socket::from(near));
        let mut outbound = Outbound::default();
        let mut expected = Vec::new();
        for n in 0..2000u32 {
            let piece = vec![n as u8; (n as usize * 37) % 3000];
            expected.extend_from_slice(&piece);
            match n % 7 {
                0 => outbound.push_shared(Box::new(piece)),
                _ => outbound.push(&piece),
            }
        }
        assert_eq!(outbound.len(), expected.len());
        let mut received = Vec::new();
        let mut buffer = vec![0; 100_000];
        let mut blocked = 0;
        while received.len() < expected.len() {
            let (_, flushed) = outbound.flush(&handle);
            blocked += usize::from(flushed.unwrap() == Flushed::Blocked);
            let count = far.read(&mut buffer).unwrap();
            received.extend_from_slice(&buffer[..count]);
        }
        assert!(blocked > 0);
        assert!(received == expected);
        assert!(outbound.len() == 0 && outbound.chunks.capacity() == 0);
    }

    #[test]
    fn a_closed_peer_is_an_error_and_no_signal() {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        let handle = Handle::from(socket2::Socket::from(near));
        let mut outbound = Outbound::default();
        outbound.push(b"x");
        let (_, result) = outbound.flush(&handle);
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EPIPE));
    }
}
