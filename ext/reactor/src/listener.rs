//! Taking connections.

use std::io;

use socket2::{SockAddr, Socket};

use crate::base::{Base, Phase};
use crate::sys::handle::Handle;
use crate::sys::socket_file::SocketFile;
use crate::sys::{errno, socket};
use crate::turn::Turn;

/// Connections that may wait to be accepted; the system caps it at its own limit.
pub(crate) const BACKLOG: i32 = 4096;

/// The state of a listener.
#[derive(Debug)]
pub(crate) struct Listener {
    /// So many were taken in this turn.
    taken: usize,
    /// The most that may be waiting when it is stopped.
    waiting: usize,
    /// Goes when it is closed, since it was made for it.
    file: Option<SocketFile>,
}

/// What taking a connection came to.
pub(crate) enum Taken {
    Connection(Handle, SockAddr),
    /// The system tells when there is another.
    Nothing,
    /// It was stopped, and has taken all that waited.
    Stopped,
    /// Something is wrong: descriptors are missing, or the network is down, and connections wait.
    Starved,
}

impl Listener {
    pub(crate) fn new() -> Self {
        Self {
            taken: 0,
            waiting: BACKLOG as usize,
            file: None,
        }
    }

    /// One of a Unix socket with this file.
    pub(crate) fn with_file(file: Option<SocketFile>) -> Self {
        Self {
            file,
            ..Self::new()
        }
    }

    /// Removes the file that was made for it.
    pub(crate) fn remove_file(&self) {
        if let Some(file) = &self.file {
            file.remove();
        }
    }

    /// Takes the next connection.
    pub(crate) fn take(&mut self, base: &mut Base) -> Taken {
        loop {
            match base.handle.attempt(socket::accept) {
                Ok((socket, peer)) => return Taken::Connection(connection(socket, &peer), peer),
                Err(error) if is_transient(&error) => {}
                Err(error) => {
                    base.readiness.readable = false;
                    return if base.phase == Phase::Draining {
                        Taken::Stopped
                    } else if error.kind() == io::ErrorKind::WouldBlock {
                        Taken::Nothing
                    } else {
                        Taken::Starved
                    };
                }
            }
        }
    }

    /// It has taken one, and may have more: it goes on in this turn until its share of `limit` is
    /// used up.
    pub(crate) fn go_on(&mut self, base: &mut Base, turn: &mut Turn, limit: usize) {
        self.taken += 1;
        if base.phase == Phase::Draining {
            self.waiting = self.waiting.saturating_sub(1);
        }
        if self.waiting == 0 {
            // More than were waiting when it was stopped.
            base.end(turn, None);
        } else if self.taken < limit {
            base.requeue(turn);
        } else {
            self.taken = 0;
            base.carry(turn);
        }
    }
}

fn connection(socket: Socket, peer: &SockAddr) -> Handle {
    match peer.is_unix() {
        true => Handle::from(socket),
        false => Handle::tcp(socket),
    }
}

/// The connection was gone before it was accepted: the next one may be there.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(errno::ECONNABORTED | errno::EINTR | errno::EGONE)
    )
}
