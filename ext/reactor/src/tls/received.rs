//! Decrypted data that was not read yet.

use std::io;

use rustls::{Connection, IoState};

/// Plaintext that the owner of the connection has not read yet.
#[derive(Default)]
pub(super) struct Received {
    bytes: Vec<u8>,
    read: usize,
    /// Whether the peer has said that it will send no more.
    pub(super) ended: bool,
}

impl Received {
    /// What is kept of the buffer once it is empty.
    const KEPT: usize = 1024;

    /// Empties `connection`'s own buffer, which has to be done before it takes more.
    pub(super) fn take_from(&mut self, connection: &mut Connection, state: &IoState) {
        let (start, size) = (self.bytes.len(), state.plaintext_bytes_to_read());
        if size > 0 {
            self.bytes.resize(start + size, 0);
            let read = io::Read::read(&mut connection.reader(), &mut self.bytes[start..]);
            self.bytes.truncate(start + read.unwrap_or_default());
        }
        self.ended |= state.peer_has_closed();
    }

    /// Takes what was decrypted before a fault.
    pub(super) fn rescue(&mut self, connection: &mut Connection) {
        // Ends in an error, since the end of the peer's data is not known to be right.
        let _ = io::Read::read_to_end(&mut connection.reader(), &mut self.bytes);
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.read..]
    }

    pub(super) fn consume(&mut self, size: usize) {
        self.read = self.bytes.len().min(self.read + size);
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(Self::KEPT);
            self.read = 0;
        }
    }
}
