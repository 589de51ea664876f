//! Making connections.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, Type};

use super::Reactor;
use crate::descriptor::Descriptor;
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::stream::{Attempt, Connected, Stream};
use crate::sys::handle::Handle;
use crate::sys::{sockaddr, socket};

/// See [`Reactor::set_attempt_delay`].
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

impl Reactor {
    /// Connects to the first of `addresses` that answers, from the local address `bind` where one
    /// is given. Families take turns. The next address is tried after a failure or after the
    /// [delay](Self::set_attempt_delay), beside those before it (RFC 8305). [`Event::Connected`] or
    /// an `Unbound` with the last reason follows.
    ///
    /// Fails only where no socket can be made or bound.
    pub fn connect_tcp(
        &mut self,
        addresses: &[SocketAddr],
        bind: Option<SocketAddr>,
    ) -> Result<Id> {
        let mut attempt = Attempt::tcp(addresses, bind, self.attempt_delay);
        let socket = attempt.open()?;
        let result = attempt.start(&socket);
        let id = self.start(Handle::tcp(socket), attempt)?;
        self.with_stream(id, |stream, base, turn| stream.started(base, turn, result));
        Ok(id)
    }

    /// Sets how long an attempt to connect is waited for before the next address of the host is
    /// tried beside it; 250 ms at first, as RFC 8305 recommends. A failure is not waited for.
    pub fn set_attempt_delay(&mut self, delay: Duration) {
        self.attempt_delay = delay;
    }

    /// Gives each address that a connect tries so long to answer, for those that are being tried
    /// from now on; zero for no limit but that of
    /// [`set_connect_timeout`](Self::set_connect_timeout). A connect whose addresses have all had
    /// their time ends with ETIMEDOUT.
    pub fn set_attempt_timeout(&mut self, id: Id, limit: Duration) -> Result<()> {
        self.descriptor(id)?;
        self.with_stream(id, |stream, base, turn| {
            stream.set_attempt_timeout(base, turn, limit);
        });
        Ok(())
    }

    /// See [`set_attempt_timeout`](Self::set_attempt_timeout); zero once it is connected.
    pub fn attempt_timeout(&self, id: Id) -> Result<Duration> {
        let stream = self.descriptor(id)?.as_stream();
        Ok(stream.map_or(Duration::ZERO, Stream::attempt_timeout))
    }

    /// A connection to nowhere, of which an `Unbound` follows: for a caller who could not even try,
    /// and owes one all the same.
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
        let mut attempt = Attempt::unix(sockaddr::unix(path)?);
        let socket = attempt.open()?;
        let describe = |error| Error::system("connect", path.display().to_string(), error);
        attempt.start(&socket).map_err(describe)?;
        let id = self.start(Handle::from(socket), attempt)?;
        self.with_stream(id, |stream, base, turn| stream.started(base, turn, Ok(())));
        Ok(id)
    }

    pub(super) fn start(&mut self, handle: Handle, attempt: Attempt) -> Result<Id> {
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
