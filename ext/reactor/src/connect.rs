//! Connecting to TCP and Unix sockets, one address after the other.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::reactor::{Deadline, Reactor};
use crate::stream::reason_of;
use crate::sys::handle::Handle;
use crate::sys::{errno, sockaddr, socket};

/// How long a connect may take unless told otherwise.
pub(crate) const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A Unix server with a full backlog refuses for the moment: the wait until it is asked again.
const UNIX_RETRY: Duration = Duration::from_millis(10);

/// A connect under way.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The address that is tried now, where it is to be tried again.
    current: SockAddr,
    /// Those to try after it.
    rest: VecDeque<SockAddr>,
    bind: Option<SockAddr>,
    /// Whether `connect(2)` has yet to be accepted by the system.
    unstarted: bool,
    pub(crate) close_when_written: bool,
}

/// How starting to connect went.
enum Started {
    UnderWay,
    /// The system asks to try again later.
    Later,
}

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
        let mut rest: VecDeque<SockAddr> = addresses.iter().map(|&a| SockAddr::from(a)).collect();
        let Some(current) = rest.pop_front() else {
            return Err(Error::Resolve {
                host: String::new(),
                reason: "no address".into(),
            });
        };
        let bind = bind.map(SockAddr::from);
        let socket = open(&current, bind.as_ref())?;
        let started = connect(&socket, &current);
        let attempt = Attempt {
            current,
            rest,
            bind,
            unstarted: false,
            close_when_written: false,
        };
        let id = self.start(Handle::tcp(socket), attempt)?;
        if let Err(error) = started {
            self.next_address(id, reason_of(&error));
        }
        Ok(id)
    }

    /// A connection to nowhere, of which an `Unbound` follows: for a caller who could not even try, and
    /// owes one all the same.
    pub fn connect_nowhere(&mut self, reason: Option<Reason>) -> Result<Id> {
        let describe = |error| Error::system("socket", "a connection", error);
        let socket = socket::nonblocking(Domain::IPV4, Type::STREAM).map_err(describe)?;
        let descriptor = Descriptor::new(Handle::tcp(socket), Kind::Stream, self.now);
        let id = self.add(descriptor)?;
        self.end(id, reason);
        Ok(id)
    }

    /// Connects to the Unix socket at `path`. Fails at once where nobody listens there.
    pub fn connect_unix(&mut self, path: &Path) -> Result<Id> {
        let current = sockaddr::unix(path)?;
        let socket = open(&current, None)?;
        let describe = |error| Error::system("connect", path.display().to_string(), error);
        let later = matches!(
            connect(&socket, &current).map_err(describe)?,
            Started::Later
        );
        let rest = VecDeque::new();
        let attempt = Attempt {
            current,
            rest,
            bind: None,
            unstarted: later,
            close_when_written: false,
        };
        let id = self.start(Handle::from(socket), attempt)?;
        if later {
            self.retry_connect(id);
        }
        Ok(id)
    }

    fn start(&mut self, handle: Handle, attempt: Attempt) -> Result<Id> {
        let mut descriptor = Descriptor::new(handle, Kind::Stream, self.now);
        descriptor.phase = Phase::Connecting(Box::new(attempt));
        descriptor.watches_writable = true;
        let id = self.add(descriptor)?;
        self.set_connect_timeout(id, DEFAULT_CONNECT_TIMEOUT)?;
        Ok(id)
    }

    /// Connects the socket there is, or goes on to the next address.
    pub(crate) fn retry_connect(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let (Phase::Connecting(attempt), Some(socket)) =
            (&mut descriptor.phase, descriptor.handle.socket())
        else {
            return;
        };
        match connect(socket, &attempt.current) {
            Ok(Started::UnderWay) => {
                attempt.unstarted = false;
                descriptor.handle.rearm();
            }
            Ok(Started::Later) => {
                self.timers
                    .add(self.now, self.now + UNIX_RETRY, Deadline::RetryConnect(id));
            }
            Err(error) => self.next_address(id, reason_of(&error)),
        }
    }

    /// The system reported on a connect: it is done, or has failed.
    pub(crate) fn continue_connect(&mut self, id: Id) -> Option<Event> {
        let descriptor = self.descriptors.get_mut(id)?;
        let Phase::Connecting(attempt) = &descriptor.phase else {
            return None;
        };
        if attempt.unstarted || !descriptor.readiness.writable {
            // Before connect(2) a socket reports a hang-up, which means nothing.
            descriptor.readiness = Default::default();
            return None;
        }
        match descriptor.handle.socket()?.take_error() {
            Ok(None) => self.connected(id),
            Ok(Some(error)) | Err(error) => {
                self.next_address(id, reason_of(&error));
                None
            }
        }
    }

    fn connected(&mut self, id: Id) -> Option<Event> {
        let now = self.now;
        let descriptor = self.descriptors.get_mut(id)?;
        let Phase::Connecting(attempt) = &descriptor.phase else {
            return None;
        };
        let closes = attempt.close_when_written;
        descriptor.phase = if closes { Phase::Draining } else { Phase::Open };
        descriptor.last_activity = now;
        descriptor.readiness.writable = false;
        let (has_arrived, is_closed) = (descriptor.readiness.any(), descriptor.is_closed_early());
        self.begin_handshake(id);
        if is_closed {
            self.close(id, false);
        } else {
            self.mark_dirty(id);
        }
        // What the peer has sent already is told in the next turn.
        if has_arrived {
            self.carry(id);
        }
        Some(Event::Connected(id))
    }

    fn next_address(&mut self, id: Id, reason: Option<Reason>) {
        if self.try_next_address(id).is_none() {
            self.end(id, reason);
        }
    }

    /// Replaces the socket by one for the next address; `None` where there is no other address.
    fn try_next_address(&mut self, id: Id) -> Option<()> {
        let descriptor = self.descriptors.get_mut(id)?;
        let Phase::Connecting(attempt) = &mut descriptor.phase else {
            return None;
        };
        loop {
            attempt.current = attempt.rest.pop_front()?;
            let Ok(socket) = open(&attempt.current, attempt.bind.as_ref()) else {
                continue;
            };
            if connect(&socket, &attempt.current).is_err() {
                continue;
            }
            descriptor.handle = Handle::tcp(socket);
            descriptor.readiness = Default::default();
            return self.reregister(id).ok();
        }
    }
}

fn open(address: &SockAddr, bind: Option<&SockAddr>) -> Result<Socket> {
    let describe = |call| move |error| Error::system(call, display(address), error);
    let socket = socket::nonblocking(address.domain(), Type::STREAM).map_err(describe("socket"))?;
    if address.domain() != Domain::UNIX {
        socket
            .set_tcp_nodelay(true)
            .map_err(describe("setsockopt"))?;
    }
    if let Some(bind) = bind {
        socket
            .set_reuse_address(cfg!(unix))
            .map_err(describe("setsockopt"))?;
        let describe = |error| Error::system("bind", display(bind), error);
        socket.bind(bind).map_err(describe)?;
    }
    Ok(socket)
}

fn connect(socket: &Socket, address: &SockAddr) -> io::Result<Started> {
    match socket.connect(address) {
        Ok(()) => Ok(Started::UnderWay),
        Err(error) => match error.raw_os_error() {
            Some(errno::EINPROGRESS | errno::EINTR) => Ok(Started::UnderWay),
            _ if address.is_unix() && error.kind() == io::ErrorKind::WouldBlock => {
                Ok(Started::Later)
            }
            _ => Err(error),
        },
    }
}

fn display(address: &SockAddr) -> String {
    match (address.as_socket(), sockaddr::path(address)) {
        (Some(socket), _) => socket.to_string(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "an address".to_owned(),
    }
}
