//! One connection and the message that is under way on it.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::socket::Socket;

/// A connection.
pub struct Client {
    socket: Socket,
    /// How many bytes of the message are still to be written.
    unsent: usize,
    /// How many bytes of the answer have come.
    received: usize,
    /// When the message that is not answered was to go out.
    since: Option<Instant>,
}

impl Client {
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            unsent: 0,
            received: 0,
            since: None,
        }
    }

    /// Sends a message, once the one before it is answered. `at` is when it was due.
    pub fn begin(&mut self, message: &[u8], at: Instant) -> io::Result<()> {
        self.since = Some(at);
        self.unsent = message.len();
        self.flush(message)
    }

    /// Writes what the socket takes of the message.
    pub fn flush(&mut self, message: &[u8]) -> io::Result<()> {
        while self.unsent > 0 {
            match self.socket.write(&message[message.len() - self.unsent..]) {
                Ok(count) => self.unsent -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends a message once more whose answer seems lost, where that can be.
    pub fn repeat(&mut self, message: &[u8]) -> io::Result<()> {
        if self.socket.is_datagram() && self.since.is_some() {
            self.socket.write(message)?;
        }
        Ok(())
    }

    /// Reads what is there. Adds the latency and returns true where that answers the message. A short read
    /// from a stream means that there is no more.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        reply: usize,
        latencies: &mut Vec<Duration>,
    ) -> io::Result<bool> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.received += count;
                    if count < buffer.len() && !self.socket.is_datagram() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.received < reply {
            return Ok(false);
        }
        // A datagram that was repeated may be answered twice.
        self.received = 0;
        let since = self.since.take();
        latencies.extend(since.map(|at| at.elapsed()));
        Ok(since.is_some())
    }
}
