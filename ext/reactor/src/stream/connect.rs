//! Connecting to TCP and Unix sockets, one address after the other.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::Stream;
use crate::base::{Base, Phase};
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::sys::handle::Handle;
use crate::sys::{errno, sockaddr, socket};
use crate::turn::{Deadline, Turn};

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
    pub(crate) fn new(current: SockAddr, rest: VecDeque<SockAddr>, bind: Option<SockAddr>) -> Self {
        Self {
            current,
            rest,
            bind,
            unstarted: true,
        }
    }

    /// A socket for the first address, bound as asked.
    pub(crate) fn open(&self) -> Result<Socket> {
        open(&self.current, self.bind.as_ref())
    }

    /// Has the system begin to connect.
    pub(crate) fn start(&mut self, socket: &Socket) -> io::Result<()> {
        let started = connect(socket, &self.current);
        self.unstarted = matches!(started, Ok(Started::Later));
        started.map(drop)
    }

    /// A socket that connects to one of the addresses that are left.
    fn next(&mut self) -> Option<Socket> {
        loop {
            self.current = self.rest.pop_front()?;
            let Ok(socket) = self.open() else {
                continue;
            };
            if connect(&socket, &self.current).is_ok() {
                return Some(socket);
            }
        }
    }
}

impl Stream {
    /// Goes on after the first step: a connect that has failed goes to the next address, and one that the
    /// system put off is tried again later.
    pub(crate) fn started(&mut self, base: &mut Base, turn: &mut Turn, result: io::Result<()>) {
        match result {
            Err(error) => self.next_address(base, turn, Reason::of(&error)),
            Ok(()) if self.attempt.as_ref().is_some_and(|a| a.unstarted) => {
                let due = Deadline::RetryConnect(base.id);
                turn.deadlines.add(turn.now, turn.now + UNIX_RETRY, due);
            }
            Ok(()) => {}
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
            base.handle.rearm();
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
                self.next_address(base, turn, Reason::of(&error));
                Connected::No
            }
            None => Connected::No,
        }
    }

    fn connected(&mut self, base: &mut Base, turn: &mut Turn) -> Connected {
        let closes = base.phase == Phase::Connecting { closes: true };
        base.phase = if closes { Phase::Draining } else { Phase::Open };
        self.attempt = None;
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

    fn next_address(&mut self, base: &mut Base, turn: &mut Turn, reason: Option<Reason>) {
        let next = self.attempt.as_mut().and_then(|attempt| attempt.next());
        let reregistered = next.is_some_and(|socket| {
            base.handle = Handle::tcp(socket);
            base.readiness = Default::default();
            base.reregister(turn).is_ok()
        });
        if !reregistered {
            self.end(base, turn, reason);
        }
    }
}

/// A socket of the family of `address`, bound to `bind`.
pub(crate) fn open(address: &SockAddr, bind: Option<&SockAddr>) -> Result<Socket> {
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
