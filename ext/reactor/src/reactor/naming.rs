//! Names that are resolved off the loop, and connects by name.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Type};

use super::Reactor;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::names::Asker;
use crate::resolve::{Family, literal, with_port};
use crate::resolver::Question;
use crate::stream::{Attempt, Naming};
use crate::sys::handle::Handle;
use crate::sys::socket;

/// See [`Reactor::set_resolution_delay`].
pub(super) const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

impl Reactor {
    /// Resolves a name in another thread; [`Event::Resolved`](crate::Event::Resolved) follows, with
    /// the number that is returned. Requests for one name share the work. After `timeout` the
    /// answer is that it took too long.
    pub fn resolve(
        &mut self,
        host: &str,
        family: Family,
        now: Instant,
        timeout: Option<Duration>,
    ) -> u64 {
        let host = host.to_owned();
        let due = timeout.map(|timeout| now + timeout.min(crate::timers::FOREVER));
        let question = Question { host, family };
        self.names
            .request(&mut self.turn, &self.waker, question, due)
    }

    /// As [`connect_tcp`](Self::connect_tcp), to a host that is resolved meanwhile: `Unbound` with
    /// [`Reason::Resolve`](crate::Reason::Resolve) follows where it has no address. The time to
    /// connect includes that.
    pub fn connect_name(&mut self, host: &str, port: u16, bind: Option<SocketAddr>) -> Result<Id> {
        if let Some(address) = literal(host, port) {
            return self.connect_tcp(&[address], bind);
        }
        let families: &[Family] = match bind {
            None => &[Family::V6, Family::V4],
            Some(SocketAddr::V6(_)) => &[Family::V6],
            Some(SocketAddr::V4(_)) => &[Family::V4],
        };
        if let Some(id) = self.connect_known(host, port, bind, families) {
            return Ok(id);
        }
        // Takes the place of the socket of the first attempt.
        let describe = |error| Error::system("socket", host, error);
        let socket = socket::nonblocking(Domain::IPV4, Type::STREAM).map_err(describe)?;
        let naming = Naming::new(port, families, self.resolution_delay);
        let attempt = Attempt::named(naming, bind, self.attempt_delay);
        let id = self.start(Handle::tcp(socket), attempt)?;
        for &family in families {
            let host = host.to_owned();
            let asker = Asker::Connect(id);
            let ticket = self
                .names
                .ask(&self.waker, Question { host, family }, asker);
            self.with_stream(id, |stream, _, _| stream.asked(family, ticket));
        }
        self.take_answers();
        Ok(id)
    }

    /// Connects to a host of which the hosts file is known to have addresses. What fails on the
    /// spot is left to fail as that of any other name.
    fn connect_known(
        &mut self,
        host: &str,
        port: u16,
        bind: Option<SocketAddr>,
        families: &[Family],
    ) -> Option<Id> {
        let addresses = self.names.known(host, families)?;
        self.connect_tcp(&with_port(addresses, port), bind).ok()
    }

    /// Resolves a name on the calling thread: for names that no name server is asked for.
    pub fn resolve_here(&mut self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let answer = self.names.resolve_here(host);
        let addresses = answer.map_err(|reason| Error::Resolve {
            host: host.to_owned(),
            reason,
        })?;
        Ok(with_port(addresses, port))
    }

    /// Sets how long the IPv4 addresses of a host wait for its IPv6 addresses; 50 ms at first, as
    /// RFC 8305 recommends.
    pub fn set_resolution_delay(&mut self, delay: Duration) {
        self.resolution_delay = delay;
    }

    /// Has names be resolved by a function in place of getaddrinfo(3). It is called in other
    /// threads.
    pub fn set_look_up(
        &mut self,
        look_up: impl Fn(&str, Family) -> std::result::Result<Vec<SocketAddr>, String>
        + Send
        + Sync
        + 'static,
    ) {
        self.names.set_look_up(look_up);
    }

    /// Gives the answers that have come in to those who asked.
    pub(super) fn take_answers(&mut self) {
        while let Some((asker, question, answer)) = self.names.next_answer() {
            match asker {
                Asker::Caller(request) => self.names.tell(&mut self.turn, request, &answer),
                Asker::Connect(id) => {
                    self.with_stream(id, |stream, base, turn| {
                        stream.resolved(base, turn, &question, &answer);
                    });
                }
            }
        }
    }
}
