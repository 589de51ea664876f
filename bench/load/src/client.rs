//! One connection and the messages that are under way on it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::socket::Socket;

/// A connection. Answers come in the order of the messages.
pub struct Client {
    socket: Socket,
    /// How many bytes of messages are still to be written.
    unsent: usize,
    /// How many bytes of the answer under way have come.
    received: usize,
    /// When the messages that are not answered were to go out.
    since: VecDeque<Instant>,
}

impl Client {
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            unsent: 0,
            received: 0,
            since: VecDeque::new(),
        }
    }

    /// Sends a message, or queues it after those before it. `at` is when it was due.
    pub fn begin(&mut self, message: &[u8], at: Instant) -> io::Result<()> {
        self.since.push_back(at);
        self.unsent += message.len();
        self.flush(message)
    }

    /// Writes what the socket takes of the messages.
    pub fn flush(&mut self, message: &[u8]) -> io::Result<()> {
        while self.unsent > 0 {
            let rest = match self.unsent % message.len() {
                0 => message,
                rest => &message[message.len() - rest..],
            };
            match self.socket.write(rest) {
                Ok(count) => self.unsent -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends a message once more whose answer seems lost, where that can be.
    pub fn repeat(&mut self, message: &[u8]) -> io::Result<()> {
        if self.socket.is_datagram() && !self.since.is_empty() {
            self.socket.write(message)?;
        }
        Ok(())
    }

    /// Reads what is there and adds the latencies of messages that it answers. Returns how many they are. A
    /// short read from a stream means that there is no more.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        reply: usize,
        latencies: &mut Vec<Duration>,
    ) -> io::Result<usize> {
        let before = latencies.len();
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.received += count;
                    self.complete(reply, latencies);
                    if count < buffer.len() && !self.socket.is_datagram() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(latencies.len() - before)
    }

    fn complete(&mut self, reply: usize, latencies: &mut Vec<Duration>) {
        while self.received >= reply {
            self.received -= reply;
            latencies.extend(self.since.pop_front().map(|at| at.elapsed()));
        }
    }

    /// Ends the wait for answers: for each that is missing, how long it was waited for.
    pub fn give_up(&mut self) -> impl Iterator<Item = Duration> + '_ {
        self.since.drain(..).map(|at| at.elapsed())
    }
}
