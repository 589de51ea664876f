//! Taking connections.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::Id;
use crate::reactor::Reactor;
use crate::sys::handle::Handle;
use crate::sys::{errno, file, sockaddr, socket};

/// Connections that may wait to be accepted; the system caps it at its own limit.
pub(crate) const BACKLOG: i32 = 4096;
/// Where no descriptor is free, the wait until accepting is tried again, unless one of ours closes
/// before that.
const STARVED_RETRY: Duration = Duration::from_millis(50);

impl Reactor {
    /// Listens for TCP connections on `address`. With SO_REUSEADDR (but on Windows, where it lets
    /// others listen there too), and TCP_NODELAY on what is accepted.
    pub fn listen_tcp(&mut self, address: SocketAddr) -> Result<Id> {
        let describe = |call| move |error| Error::system(call, address.to_string(), error);
        let socket = socket::nonblocking(Domain::for_address(address), Type::STREAM)
            .map_err(describe("socket"))?;
        socket
            .set_reuse_address(cfg!(unix))
            .map_err(describe("setsockopt"))?;
        // Accepted sockets inherit this, which saves a call for each.
        socket
            .set_tcp_nodelay(true)
            .map_err(describe("setsockopt"))?;
        socket.bind(&address.into()).map_err(describe("bind"))?;
        self.listen(socket).map_err(|error| match error {
            Error::System { call, source, .. } => describe(call)(source),
            other => other,
        })
    }

    /// Listens on a Unix socket at `path`. A socket that is there already is replaced, any other file
    /// is not.
    pub fn listen_unix(&mut self, path: &Path) -> Result<Id> {
        let address = sockaddr::unix(path)?;
        let describe = |call| move |error| Error::system(call, path.display().to_string(), error);
        if path.as_os_str().is_empty() {
            // Linux would take it for a name of its own choice, which no client knows.
            return Err(describe("bind")(io::ErrorKind::InvalidInput.into()));
        }
        let socket = socket::nonblocking(Domain::UNIX, Type::STREAM).map_err(describe("socket"))?;
        match socket.bind(&address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && file::is_socket(path) => {
                std::fs::remove_file(path).map_err(describe("unlink"))?;
                socket.bind(&address).map_err(describe("bind"))?;
            }
            result => result.map_err(describe("bind"))?,
        }
        self.listen(socket)
    }

    fn listen(&mut self, socket: Socket) -> Result<Id> {
        let describe = |call| move |error| Error::system(call, "the socket", error);
        socket.listen(BACKLOG).map_err(describe("listen"))?;
        self.add(Descriptor::new(
            Handle::from(socket),
            Kind::listener(),
            self.now,
        ))
    }

    /// Stops a listener, once it has taken the connections that wait for that; those live on.
    pub fn stop_listening(&mut self, id: Id) -> Result<()> {
        let descriptor = self.descriptor(id)?;
        if !matches!(descriptor.kind, Kind::Listener { .. }) {
            let kind = descriptor.kind.name();
            return Err(Error::WrongKind {
                operation: "stop_server",
                kind,
            });
        }
        let descriptor = self.descriptor_mut(id)?;
        if matches!(descriptor.phase, Phase::Open) {
            descriptor.phase = Phase::Draining;
            self.closing += 1;
            self.mark_readable(id);
        }
        Ok(())
    }

    /// How many connections a listener takes in one turn before others have theirs; 10 at first.
    pub fn set_accepts_per_turn(&mut self, count: usize) {
        self.accepts_per_turn = count.max(1);
    }

    /// See [`set_accepts_per_turn`](Self::set_accepts_per_turn).
    pub fn accepts_per_turn(&self) -> usize {
        self.accepts_per_turn
    }

    pub(crate) fn accept(&mut self, listener: Id) -> Option<Event> {
        if self.admits_nobody(listener) {
            return None;
        }
        loop {
            let descriptor = self.descriptors.get_mut(listener)?;
            match descriptor.handle.attempt(socket::accept) {
                Ok((socket, peer)) => {
                    let handle = match peer.is_unix() {
                        true => Handle::from(socket),
                        false => Handle::tcp(socket),
                    };
                    let mut stream = Descriptor::new(handle, Kind::Stream, self.now);
                    stream.listener = Some(listener);
                    stream.peer = peer.as_socket();
                    let Ok(id) = self.add(stream) else { continue };
                    self.admitted(listener);
                    self.accept_again(listener);
                    return Some(Event::Accepted { listener, id });
                }
                Err(error) if is_transient(&error) => {}
                Err(error) => {
                    // Readiness tells when to try again, unless something is wrong: descriptors are
                    // missing, or the network is down, and connections wait in the backlog.
                    descriptor.readiness.readable = false;
                    if matches!(descriptor.phase, Phase::Draining) {
                        self.end(listener, None);
                    } else if error.kind() != io::ErrorKind::WouldBlock {
                        self.starve(listener, STARVED_RETRY);
                    }
                    return None;
                }
            }
        }
    }

    /// The listener may have more: it goes on in this turn until its share is used up.
    fn accept_again(&mut self, listener: Id) {
        let limit = self.accepts_per_turn;
        let Some(descriptor) = self.descriptors.get_mut(listener) else {
            return;
        };
        let is_stopping = matches!(descriptor.phase, Phase::Draining);
        let Kind::Listener { taken, waiting } = &mut descriptor.kind else {
            return;
        };
        *taken += 1;
        if is_stopping {
            *waiting = waiting.saturating_sub(1);
        }
        if *waiting == 0 {
            // More than were waiting when it was stopped.
            self.end(listener, None);
        } else if *taken < limit {
            self.requeue(listener);
        } else {
            *taken = 0;
            self.carry(listener);
        }
    }
}

/// The connection was gone before it was accepted: the next one may be there.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(errno::ECONNABORTED | errno::EINTR | errno::EGONE)
    )
}
