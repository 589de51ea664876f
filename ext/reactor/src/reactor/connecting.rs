//! Making connections.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, SockAddr, Type};

use super::Reactor;
use crate::descriptor::Descriptor;
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::stream::{Attempt, Connected, Stream};
use crate::sys::handle::Handle;
use crate::sys::{sockaddr, socket};

impl Reactor {
    /// Connects to the first of `addresses` that answers, from the local address `bind` where one is
    /// given. [`Event::Connected`] or an `Unbound` with the last reason follows.
    ///
    /// Fails only where no socket can be made or bound.
    pub fn connect_tcp(
        &mut self,
        addresses: &[SocketAddr],
        bind: Option<SocketAddr>,
    ) -> Result<Id> {
        let Some((first, rest)) = addresses.split_first() else {
            return Err(Error::Resolve {
                host: String::new(),
                reason: "no address".into(),
            });
        };
        let rest = rest.iter().map(|&address| address.into()).collect();
        let mut attempt = Attempt::new((*first).into(), rest, bind.map(SockAddr::from));
        let socket = attempt.open()?;
        let result = attempt.start(&socket);
        let id = self.start(Handle::tcp(socket), attempt)?;
        self.with_stream(id, |stream, base, turn| stream.started(base, turn, result));
        Ok(id)
    }

    /// A connection to nowhere, of which an `Unbound` follows: for a caller who could not even try, and
    /// owes one all the same.
    pub fn connect_nowhere(&mut self, reason: Option<Reason>) -> Result<Id> {
        let describe = |error| Error::system("socket", "a connection", error);
        let socket = socket::nonblocking(Domain::IPV4, Type::STREAM).map_err(describe)?;
        let handle = Handle::tcp(socket);
        let id = self.add(Descriptor::stream(handle, Stream::default(), &self.turn))?;
        self.end(id, reason);
        Ok(id)
    }

    /// Connects to the Unix socket at `path`. Fails at once where nobody listens there.
    pub fn connect_unix(&mut self, path: &Path) -> Result<Id> {
        let mut attempt = Attempt::new(sockaddr::unix(path)?, VecDeque::new(), None);
        let socket = attempt.open()?;
        let describe = |error| Error::system("connect", path.display().to_string(), error);
        attempt.start(&socket).map_err(describe)?;
        let id = self.start(Handle::from(socket), attempt)?;
        self.with_stream(id, |stream, base, turn| stream.started(base, turn, Ok(())));
        Ok(id)
    }

    fn start(&mut self, handle: Handle, attempt: Attempt) -> Result<Id> {
        let stream = Stream::connecting(attempt);
        let mut descriptor = Descriptor::stream(handle, stream, &self.turn);
        descriptor.base.begin_connect();
        let id = self.add(descriptor)?;
        self.with(id, |descriptor, turn| {
            descriptor.base.start_connect_timeout(turn);
        });
        Ok(id)
    }

    /// The system reported on a connect: it is done, or has failed.
    pub(super) fn continue_connect(&mut self, id: Id) -> Option<Event> {
        let connected =
            self.with_stream(id, |stream, base, turn| stream.continue_connect(base, turn));
        match connected? {
            Connected::No => return None,
            Connected::ButClosed => self.close(id, false),
            Connected::Yes => {}
        }
        Some(Event::Connected(id))
    }
}
