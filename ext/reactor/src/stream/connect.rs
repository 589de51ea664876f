//! Connecting to TCP and Unix sockets.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use super::Stream;
use super::candidates::Candidates;
use super::naming::Naming;
use super::patience::Patience;
use super::rivals::{Rival, replace};
use crate::base::{Base, Phase};
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::sys::handle::Handle;
use crate::sys::{errno, sockaddr, socket, sockopt};
use crate::turn::{Deadline, Turn};

/// A Unix server with a full backlog refuses for the moment: the wait until it is asked again.
const UNIX_RETRY: Duration = Duration::from_millis(10);

/// A connect under way.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// The address that the first socket is for.
    first: Option<SockAddr>,
    /// Those to try yet.
    pub(super) candidates: Candidates,
    /// Sockets that connect to others meanwhile.
    pub(super) rivals: VecDeque<Rival>,
    /// When the address of the socket that there is had its turn; none has while there is no
    /// address.
    pub(super) begun: Option<Instant>,
    pub(super) patience: Patience,
    bind: Option<SockAddr>,
    /// Whether `connect(2)` has yet to be accepted by the system.
    pub(super) unstarted: bool,
    /// The name whose addresses are looked for.
    pub(super) naming: Option<Naming>,
    /// How long an address has before the next is tried, too.
    pub(super) delay: Duration,
    /// For the next address.
    pub(super) timer: Option<Id>,
    /// Why the last address did not do.
    pub(super) reason: Option<Reason>,
    /// Options that were set, for sockets that take the place of this one: level, option, value.
    options: Vec<(i32, i32, Vec<u8>)>,
}

/// How starting to connect went.
enum Started {
    UnderWay,
    /// The system asks to try again later.
    Later,
}

/// What the system's report on a connect came to.
pub(crate) enum Connected {
    /// It is done, and it was closed meanwhile.
    ButClosed,
    Yes,
    /// Not yet, or never.
    No,
}

impl Attempt {
    pub(crate) fn unix(address: SockAddr) -> Self {
        Self {
            first: Some(address),
            unstarted: true,
            ..Self::default()
        }
    }

    /// To the first of these addresses that answers, from the local address `bind`.
    pub(crate) fn tcp(addresses: &[SocketAddr], bind: Option<SocketAddr>, delay: Duration) -> Self {
        Self {
            candidates: Candidates::new(addresses),
            bind: bind.map(SockAddr::from),
            unstarted: true,
            delay,
            ..Self::default()
        }
    }

    /// As [`tcp`](Self::tcp), where no address is known yet.
    pub(crate) fn named(naming: Naming, bind: Option<SocketAddr>, delay: Duration) -> Self {
        Self {
            naming: Some(naming),
            ..Self::tcp(&[], bind, delay)
        }
    }

    /// A socket for the first address of which there can be one, bound as asked.
    pub(crate) fn open(&mut self) -> Result<Socket> {
        if let Some(address) = &self.first {
            return open(address, None);
        }
        let mut refused = Error::Resolve {
            host: String::new(),
            reason: "no address".into(),
        };
        for address in self.candidates.by_ref() {
            let address = SockAddr::from(address);
            match open(&address, self.bind.as_ref()) {
                Ok(socket) => {
                    self.first = Some(address);
                    return Ok(socket);
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Has the system begin to connect.
    pub(crate) fn start(&mut self, socket: &Socket) -> io::Result<()> {
        let Some(address) = &self.first else {
            return Ok(());
        };
        let started = connect(socket, address);
        self.unstarted = matches!(started, Ok(Started::Later));
        started.map(drop)
    }

    /// A socket that connects to the next address for which that can be begun.
    pub(super) fn next_socket(&mut self) -> Option<Handle> {
        while let Some(address) = self.candidates.next() {
            match self.begin(&SockAddr::from(address)) {
                Ok(handle) => return Some(handle),
                Err(error) if self.reason.is_none() => {
                    self.reason = error.errno().map(Reason::Errno);
                }
                Err(_) => {}
            }
        }
        None
    }

    fn begin(&self, address: &SockAddr) -> Result<Handle> {
        let handle = Handle::tcp(open(address, self.bind.as_ref())?);
        for (level, option, value) in &self.options {
            // One of the other family's is none of this socket's.
            let _ = sockopt::set(&handle, *level, *option, value);
        }
        let describe = |error| Error::system("connect", display(address), error);
        handle
            .attempt(|socket| connect(socket, address).map(drop))
            .map_err(describe)?;
        Ok(handle)
    }

    fn awaits_addresses(&self) -> bool {
        self.naming.as_ref().is_some_and(Naming::awaits_addresses)
    }
}

impl Stream {
    /// Goes on after the first step: a connect that has failed goes to the next address, and one
    /// that the system put off is tried again later.
    pub(crate) fn started(&mut self, base: &mut Base, turn: &mut Turn, result: io::Result<()>) {
        if let Some(attempt) = &mut self.attempt {
            attempt.begun.get_or_insert(turn.now);
        }
        match result {
            Err(error) => self.attempt_failed(base, turn, Reason::of(&error)),
            Ok(()) if self.attempt.as_ref().is_some_and(|a| a.unstarted) => {
                let due = Deadline::RetryConnect(base.id);
                turn.deadlines.add(turn.now, turn.now + UNIX_RETRY, due);
            }
            Ok(()) => self.schedule_attempt(base, turn),
        }
    }

    /// Connects the socket there is once more.
    pub(crate) fn retry_connect(&mut self, base: &mut Base, turn: &mut Turn) {
        let (Some(attempt), Some(socket), true) = (
            &mut self.attempt,
            base.handle.socket(),
            base.is_connecting(),
        ) else {
            return;
        };
        let result = attempt.start(socket);
        if result.is_ok() && !attempt.unstarted {
            // It is done with that, and the system tells it only to who begins to watch.
            base.readiness.writable = true;
            base.enqueue(turn);
        }
        self.started(base, turn, result);
    }

    /// The system reported on a connect: it is done, or has failed.
    pub(crate) fn continue_connect(&mut self, base: &mut Base, turn: &mut Turn) -> Connected {
        let unstarted = self.attempt.as_ref().is_none_or(|a| a.unstarted);
        if unstarted || !base.readiness.writable {
            // Before connect(2) a socket reports a hang-up, which means nothing.
            base.readiness = Default::default();
            return Connected::No;
        }
        match base.handle.socket().map(Socket::take_error) {
            Some(Ok(None)) => self.connected(base, turn),
            Some(Ok(Some(error)) | Err(error)) => {
                self.attempt_failed(base, turn, Reason::of(&error));
                Connected::No
            }
            None => Connected::No,
        }
    }

    fn connected(&mut self, base: &mut Base, turn: &mut Turn) -> Connected {
        let closes = base.phase == Phase::Connecting { closes: true };
        base.phase = if closes { Phase::Draining } else { Phase::Open };
        self.end_attempt(turn);
        base.last_activity = turn.now;
        base.readiness.writable = false;
        // What the peer has sent already is told in the next turn.
        let has_arrived = base.readiness.any();
        self.begin_handshake(base, turn);
        if base.is_closed_early() {
            return Connected::ButClosed;
        }
        base.mark_dirty(turn);
        if has_arrived {
            base.carry(turn);
        }
        Connected::Yes
    }

    /// The socket that there is has failed: a rival takes its place, and the next address has its
    /// turn.
    pub(super) fn attempt_failed(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        reason: Option<Reason>,
    ) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        attempt.reason = reason;
        let rival = attempt.rivals.pop_front();
        attempt.begun = rival.as_ref().map(|rival| rival.begun);
        match rival.is_some_and(|rival| replace(rival.handle, base, turn)) {
            true => self.next_attempt(base, turn),
            false => self.next_address(base, turn),
        }
    }

    /// Replaces the socket by one for the next address. Where there is none, the connect is at its
    /// end, unless a name server may have more.
    pub(super) fn next_address(&mut self, base: &mut Base, turn: &mut Turn) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let next = attempt.next_socket();
        attempt.begun = next.is_some().then_some(turn.now);
        attempt.unstarted = next.is_none() && attempt.awaits_addresses();
        if attempt.unstarted {
            return;
        }
        let reason = attempt.reason.clone();
        match next.is_some_and(|handle| replace(handle, base, turn)) {
            true => self.schedule_attempt(base, turn),
            false => self.end(base, turn, reason),
        }
    }

    /// Remembers an option that was set, for sockets that may take the place of this one.
    pub(crate) fn note_option(&mut self, level: i32, option: i32, value: &[u8]) {
        if let Some(attempt) = &mut self.attempt {
            attempt.options.push((level, option, value.to_vec()));
        }
    }
}

/// A socket of the family of `address`, bound to `bind`.
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
