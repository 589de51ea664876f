//! Servers, and the connections that they take.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, Type};

use super::Reactor;
use crate::base::{Base, Phase};
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::Id;
use crate::listener::{BACKLOG, Listener, Taken};
use crate::stream::Stream;
use crate::sys::handle::Handle;
use crate::sys::socket_file::SocketFile;
use crate::sys::{file, sockaddr, socket, sockopt};

/// Where no descriptor is free, the wait until accepting is tried again, unless one of ours closes
/// before that.
const STARVED_RETRY: Duration = Duration::from_millis(50);

impl Reactor {
    /// Listens for TCP connections on `address`. With SO_REUSEADDR (but on Windows, where it lets
    /// others listen there too), and TCP_NODELAY on what is accepted.
    pub fn listen_tcp(&mut self, address: SocketAddr) -> Result<Id> {
        self.listen_tcp_with(address, &[], BACKLOG)
    }

    /// As [`listen_tcp`](Self::listen_tcp), with socket options that are set before the address is
    /// bound, each with its level and value (setsockopt(2)), and for at most so many connections
    /// that wait to be accepted.
    pub fn listen_tcp_with(
        &mut self,
        address: SocketAddr,
        options: &[(i32, i32, Vec<u8>)],
        backlog: i32,
    ) -> Result<Id> {
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
        let handle = Handle::from(socket);
        for (level, option, value) in options {
            sockopt::set(&handle, *level, *option, value).map_err(describe("setsockopt"))?;
        }
        let bound = handle.attempt(|socket| socket.bind(&address.into()));
        bound.map_err(describe("bind"))?;
        let listening = handle.attempt(|socket| socket.listen(backlog));
        listening.map_err(describe("listen"))?;
        self.add_listener(handle)
    }

    /// Listens on a Unix socket at `path`. A socket that is there already is replaced, any other
    /// file is not. The file goes when the listener closes. A path that begins with a null byte is
    /// an abstract name (unix(7)), which has no file.
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
        let file = SocketFile::at(path);
        let listening = socket.listen(BACKLOG).map_err(describe("listen"));
        let kind = Kind::Listener(Listener::with_file(file.clone()));
        let listener = Descriptor::new(Handle::from(socket), kind, &self.turn);
        let added = listening.and_then(|()| self.add(listener));
        if let (Err(_), Some(file)) = (&added, file) {
            file.remove();
        }
        added
    }

    pub(super) fn add_listener(&mut self, handle: Handle) -> Result<Id> {
        let kind = Kind::Listener(Listener::new());
        self.add(Descriptor::new(handle, kind, &self.turn))
    }

    /// Stops a listener, once it has taken the connections that wait for that; those live on.
    pub fn stop_listening(&mut self, id: Id) -> Result<()> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        if !matches!(descriptor.kind, Kind::Listener(_)) {
            return Base::wrong_kind("stop_server", descriptor.kind.name());
        }
        let base = &mut descriptor.base;
        if base.phase == Phase::Open {
            base.phase = Phase::Draining;
            turn.closing += 1;
            base.mark_readable(turn);
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

    pub(super) fn accept(&mut self, listener: Id) -> Option<Event> {
        if self.admits_nobody(listener) {
            return None;
        }
        loop {
            let (handle, peer) = match self.take(listener)? {
                Taken::Connection(handle, peer) => (handle, peer),
                Taken::Nothing => return None,
                Taken::Stopped => {
                    self.end(listener, None);
                    return None;
                }
                Taken::Starved => {
                    self.starve(listener, STARVED_RETRY);
                    return None;
                }
            };
            let stream = Stream::accepted(listener, peer.as_socket());
            let accepted = Descriptor::stream(handle, stream, &self.turn);
            let Ok(id) = self.add(accepted) else { continue };
            self.admitted(listener);
            self.go_on(listener);
            return Some(Event::Accepted { listener, id });
        }
    }

    fn take(&mut self, listener: Id) -> Option<Taken> {
        let Descriptor { base, kind } = self.descriptors.get_mut(listener)?;
        match kind {
            Kind::Listener(listener) if base.phase != Phase::Closing => Some(listener.take(base)),
            _ => None,
        }
    }

    fn go_on(&mut self, listener: Id) {
        let limit = self.accepts_per_turn;
        self.with(listener, |descriptor, turn| {
            if let Kind::Listener(listener) = &mut descriptor.kind {
                listener.go_on(&mut descriptor.base, turn, limit);
            }
        });
    }
}
