//! Connecting to TCP and Unix sockets.

mod by_name;
mod candidates;
mod rivals;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use self::by_name::Naming;
use self::candidates::Candidates;
use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::reactor::{Deadline, Reactor};
use crate::stream::reason_of;
use crate::sys::handle::Handle;
use crate::sys::{errno, sockaddr, socket, sockopt};

pub(crate) use self::by_name::RESOLUTION_DELAY;
pub(crate) use self::rivals::ATTEMPT_DELAY;

/// How long a connect may take unless told otherwise.
pub(crate) const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A Unix server with a full backlog refuses for the moment: the wait until it is asked again.
const UNIX_RETRY: Duration = Duration::from_millis(10);

/// A connect under way.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// The Unix socket, which is to be tried again where its server is too busy.
    unix: Option<SockAddr>,
    /// The addresses to try yet.
    candidates: Candidates,
    /// Those that are tried beside the one that the descriptor stands for.
    rivals: VecDeque<Handle>,
    bind: Option<SockAddr>,
    /// Whether `connect(2)` has yet to be accepted by the system.
    unstarted: bool,
    /// The name whose addresses are looked for.
    naming: Option<Naming>,
    /// For the next address.
    timer: Option<Id>,
    /// Why the last address did not do.
    reason: Option<Reason>,
    /// Options that were set, for sockets that take the place of this one: level, option, value.
    options: Vec<(i32, i32, Vec<u8>)>,
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
    /// given. Families take turns. The next address is tried after a failure or after the
    /// [delay](Self::set_attempt_delay), beside those before it (RFC 8305). [`Event::Connected`] or an
    /// `Unbound` with the last reason follows.
    ///
    /// Fails only where no socket can be made or bound.
    pub fn connect_tcp(
        &mut self,
        addresses: &[SocketAddr],
        bind: Option<SocketAddr>,
    ) -> Result<Id> {
        let mut attempt = Attempt {
            candidates: Candidates::new(addresses),
            bind: bind.map(SockAddr::from),
            ..Attempt::default()
        };
        let (socket, address) = attempt.first_socket()?;
        let started = connect(&socket, &address);
        let id = self.start(Handle::tcp(socket), attempt)?;
        match started {
            Ok(_) => self.schedule_attempt(id),
            Err(error) => self.attempt_failed(id, reason_of(&error)),
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
        let attempt = Attempt {
            unix: Some(current),
            unstarted: later,
            ..Attempt::default()
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

    /// Connects to a Unix socket whose server was too busy.
    pub(crate) fn retry_connect(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let (Phase::Connecting(attempt), Some(socket)) =
            (&mut descriptor.phase, descriptor.handle.socket())
        else {
            return;
        };
        let Some(address) = &attempt.unix else {
            return;
        };
        match connect(socket, address) {
            Ok(Started::UnderWay) => {
                attempt.unstarted = false;
                descriptor.handle.rearm();
            }
            Ok(Started::Later) => {
                self.timers
                    .add(self.now, self.now + UNIX_RETRY, Deadline::RetryConnect(id));
            }
            Err(error) => self.attempt_failed(id, reason_of(&error)),
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
                self.attempt_failed(id, reason_of(&error));
                None
            }
        }
    }

    fn connected(&mut self, id: Id) -> Option<Event> {
        let now = self.now;
        self.give_up_others(id);
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

    /// The socket that there is has failed: a rival takes its place, and the next address has its turn.
    fn attempt_failed(&mut self, id: Id, reason: Option<Reason>) {
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        attempt.reason = reason;
        let rival = attempt.rivals.pop_front();
        match rival.and_then(|rival| self.replace(id, rival)) {
            Some(()) => self.next_attempt_due(id),
            None => self.next_address(id),
        }
    }

    /// Replaces the socket by one for the next address. Where there is none, the connect is at its end,
    /// unless a name server may have more.
    fn next_address(&mut self, id: Id) {
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        attempt.unstarted = false;
        let next = attempt.next_socket();
        if next.is_none() && attempt.awaits_addresses() {
            attempt.unstarted = true;
            return;
        }
        let reason = attempt.reason.clone();
        match next.and_then(|handle| self.replace(id, handle)) {
            Some(()) => self.schedule_attempt(id),
            None => self.end(id, reason),
        }
    }

    /// Neither other addresses nor more of them are wanted.
    pub(crate) fn give_up_others(&mut self, id: Id) {
        self.cancel_attempt(id);
        self.forget_naming(id);
    }

    fn attempt_mut(&mut self, id: Id) -> Option<&mut Attempt> {
        match &mut self.descriptors.get_mut(id)?.phase {
            Phase::Connecting(attempt) => Some(attempt),
            _ => None,
        }
    }
}

impl Attempt {
    /// A socket for the first address of which there can be one.
    fn first_socket(&mut self) -> Result<(Socket, SockAddr)> {
        let mut refused = Error::Resolve {
            host: String::new(),
            reason: "no address".into(),
        };
        for address in self.candidates.by_ref() {
            let address = SockAddr::from(address);
            match open(&address, self.bind.as_ref()) {
                Ok(socket) => return Ok((socket, address)),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// A socket that connects to the next address for which that can be begun.
    fn next_socket(&mut self) -> Option<Handle> {
        while let Some(address) = self.candidates.next() {
            let address = SockAddr::from(address);
            let begun = open(&address, self.bind.as_ref()).and_then(|socket| {
                let handle = Handle::tcp(socket);
                self.set_options(&handle);
                let begun = handle.attempt(|socket| connect(socket, &address).map(drop));
                let describe = |error| Error::system("connect", display(&address), error);
                begun.map_err(describe).map(|()| handle)
            });
            match begun {
                Ok(handle) => return Some(handle),
                Err(error) if self.reason.is_none() => {
                    self.reason = error.errno().map(Reason::Errno);
                }
                Err(_) => {}
            }
        }
        None
    }

    /// Remembers an option that was set.
    pub(crate) fn note_option(&mut self, level: i32, option: i32, value: &[u8]) {
        self.options.push((level, option, value.to_vec()));
    }

    fn set_options(&self, handle: &Handle) {
        for (level, option, value) in &self.options {
            // One of the other family's is none of this socket's.
            let _ = sockopt::set(handle, *level, *option, value);
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
