//! UDP sockets: datagrams go from port to port at once, in order, or are lost.

use super::{Answer, Kernel, Kind};

/// Datagrams that may wait to be received; more are lost.
const ROOM: usize = 300;

/// A datagram, and the port that it is from.
pub type Datagram = (u16, Vec<u8>);

/// A UDP socket.
#[derive(Debug, Default)]
pub struct Socket {
    pub port: u16,
    pub waiting: Vec<Datagram>,
    /// What ICMP has told, which the next call fails with.
    error: Option<i32>,
    /// Whether somebody found no room to write to.
    no_space: bool,
    /// Whether a read was put off, though there is something.
    arrives_later: bool,
    /// How many datagrams it was given to send, those that were refused included.
    pub given: usize,
    /// How many datagrams were taken from it.
    pub taken: usize,
    /// How many calls failed for more than a moment.
    pub failed: usize,
}

impl Socket {
    pub fn readiness(&self) -> i32 {
        let mut mask = 0;
        if !self.waiting.is_empty() {
            mask |= libc::EPOLLIN;
        }
        if self.error.is_some() {
            mask |= libc::EPOLLERR;
        }
        if !self.no_space {
            mask |= libc::EPOLLOUT;
        }
        mask
    }
}

impl Kernel {
    pub fn datagram_socket(&mut self, fd: i32) -> Answer<&mut Socket> {
        match self.kind_of(fd)? {
            Kind::Datagrams(socket) => Ok(socket),
            _ => Err(libc::EINVAL),
        }
    }

    /// Calls that a sandbox may not know.
    pub(super) fn may_forbid(&self) -> Answer<()> {
        match self.is_sandbox {
            true => Err(libc::ENOSYS),
            false => Ok(()),
        }
    }

    fn fail_datagram(&mut self, fd: i32) -> Answer<()> {
        self.may_interrupt()?;
        let socket = self.datagram_socket(fd)?;
        let error = socket.error.take();
        socket.failed += usize::from(error.is_some());
        error.map_or(Ok(()), Err)
    }

    /// Sends one.
    pub(super) fn send_datagram(&mut self, fd: i32, port: u16, data: &[u8]) -> Answer {
        self.fail_datagram(fd)?;
        if self.chance(self.faults.not_ready) {
            self.datagram_socket(fd)?.no_space = true;
            return Err(libc::EAGAIN);
        }
        let is_refused = self.chance(self.faults.refused);
        let socket = self.datagram_socket(fd)?;
        socket.given += 1;
        socket.failed += usize::from(is_refused);
        let from = socket.port;
        if is_refused {
            return Err(libc::ENOBUFS);
        }
        if !self.give_datagram(from, port, data) {
            self.datagram_socket(fd)?.error = Some(libc::ECONNREFUSED);
            let file = self.file_of(fd)?;
            self.wake(Some(file), libc::EPOLLERR);
        }
        Ok(data.len())
    }

    /// A call that has sent others does not tell that one was refused, which is not gone then.
    pub(super) fn take_back(&mut self, fd: i32, error: i32) -> Answer<()> {
        if error == libc::ENOBUFS {
            self.datagram_socket(fd)?.given -= 1;
        }
        Ok(())
    }

    /// A datagram arrives; whether there is anybody at that port.
    pub fn give_datagram(&mut self, from: u16, to: u16, data: &[u8]) -> bool {
        let is_it = |file: &Option<super::File>| match file.as_ref().map(|file| &file.kind) {
            Some(Kind::Datagrams(socket)) => socket.port == to,
            _ => false,
        };
        let Some(file) = self.files.iter().position(is_it) else {
            return false;
        };
        if let Kind::Datagrams(socket) = &mut self.file_mut(file).kind {
            if socket.waiting.len() < ROOM {
                socket.waiting.push((from, data.to_vec()));
            }
        }
        self.wake(Some(file), libc::EPOLLIN);
        true
    }

    /// The first that wait, up to `most`.
    pub(super) fn receive_datagrams(&mut self, fd: i32, most: usize) -> Answer<Vec<Datagram>> {
        self.fail_datagram(fd)?;
        if self.chance(self.faults.refused) {
            return Err(libc::ENOMEM);
        }
        let not_ready = self.chance(self.faults.not_ready);
        let most = self.shortened(most);
        let socket = self.datagram_socket(fd)?;
        if socket.waiting.is_empty() || not_ready {
            socket.arrives_later |= not_ready;
            return Err(libc::EAGAIN);
        }
        let count = most.min(socket.waiting.len());
        socket.taken += count;
        let taken = socket.waiting.drain(..count).collect();
        // What a batch has left counts as arriving later.
        socket.arrives_later |= !socket.waiting.is_empty();
        Ok(taken)
    }

    /// What calls have put off is told now.
    pub(super) fn catch_up_datagrams(&mut self) {
        for index in 0..self.files.len() {
            let Some(Kind::Datagrams(socket)) = self.files[index].as_mut().map(|f| &mut f.kind)
            else {
                continue;
            };
            let arrives = std::mem::take(&mut socket.arrives_later);
            let drains = std::mem::take(&mut socket.no_space);
            let mask =
                if arrives { libc::EPOLLIN } else { 0 } | if drains { libc::EPOLLOUT } else { 0 };
            if mask != 0 {
                self.wake(Some(index), mask);
            }
        }
    }
}
