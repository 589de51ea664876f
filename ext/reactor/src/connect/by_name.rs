//! Connects by name: the name is resolved off the loop, for each family on its own, so that neither
//! waits for the other's name server (RFC 8305, section 3).

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, SockAddr, Type};

use super::Attempt;
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::names::Asker;
use crate::reactor::Reactor;
use crate::resolve::{Family, literal};
use crate::resolver::{Answer, Question};
use crate::sys::handle::Handle;
use crate::sys::socket;

/// How long IPv4 addresses wait for IPv6 ones.
pub(crate) const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// The name that a connect is for.
#[derive(Debug)]
pub(super) struct Naming {
    host: String,
    port: u16,
    /// The families that have no answer yet.
    pub(super) pending: Vec<Family>,
}

impl Reactor {
    /// Sets how long the IPv4 addresses of a host wait for its IPv6 addresses; 50 ms at first, as RFC 8305
    /// recommends.
    pub fn set_resolution_delay(&mut self, delay: Duration) {
        self.resolution_delay = delay;
    }

    /// As [`connect_tcp`](Self::connect_tcp), to a host that is resolved meanwhile: `Unbound` with
    /// [`Reason::Resolve`] follows where it has no address. The time to connect includes that.
    pub fn connect_name(&mut self, host: &str, port: u16, bind: Option<SocketAddr>) -> Result<Id> {
        if let Some(address) = literal(host, port) {
            return self.connect_tcp(&[address], bind);
        }
        let pending = match bind {
            None => vec![Family::V6, Family::V4],
            Some(SocketAddr::V6(_)) => vec![Family::V6],
            Some(SocketAddr::V4(_)) => vec![Family::V4],
        };
        let naming = Naming {
            host: host.to_owned(),
            port,
            pending: pending.clone(),
        };
        // Takes the place of the socket of the first attempt.
        let describe = |error| Error::system("socket", host, error);
        let socket = socket::nonblocking(Domain::IPV4, Type::STREAM).map_err(describe)?;
        let attempt = Attempt {
            bind: bind.map(SockAddr::from),
            unstarted: true,
            naming: Some(naming),
            ..Attempt::default()
        };
        let id = self.start(Handle::tcp(socket), attempt)?;
        for family in pending {
            let host = host.to_owned();
            self.ask(Question { host, family }, Asker::Connect(id));
        }
        Ok(id)
    }

    /// The addresses of one family are known, or there are none.
    pub(crate) fn answer_connect(&mut self, id: Id, question: &Question, answer: &Answer) {
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        let Some(naming) = &mut attempt.naming else {
            return;
        };
        naming.pending.retain(|family| *family != question.family);
        match answer {
            Ok(addresses) => {
                let port = naming.port;
                let with_port = |address: &SocketAddr| {
                    let mut address = *address;
                    address.set_port(port);
                    address
                };
                let addresses: Vec<SocketAddr> = addresses.iter().map(with_port).collect();
                attempt.candidates.add(&addresses);
            }
            Err(words) => attempt.note_unresolved(question, words),
        }
        self.act_on_answer(id);
    }

    fn act_on_answer(&mut self, id: Id) {
        let delay = self.resolution_delay;
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        let waits = attempt.awaits_v6();
        match (attempt.unstarted, attempt.timer) {
            (false, None) => self.schedule_attempt(id),
            (false, Some(_)) => {}
            (true, None) if waits => self.attempt_after(id, delay),
            (true, Some(_)) if waits => {}
            (true, _) => self.next_attempt_due(id),
        }
    }

    /// Waits for no more addresses.
    pub(crate) fn forget_naming(&mut self, id: Id) {
        let Some(naming) = self
            .attempt_mut(id)
            .and_then(|attempt| attempt.naming.take())
        else {
            return;
        };
        for family in naming.pending {
            let host = naming.host.clone();
            self.withdraw(&Question { host, family }, Asker::Connect(id));
        }
    }
}

impl Attempt {
    /// Whether there may be more addresses.
    pub(super) fn awaits_addresses(&self) -> bool {
        self.naming
            .as_ref()
            .is_some_and(|naming| !naming.pending.is_empty())
    }

    /// Whether IPv4 is to wait for IPv6.
    fn awaits_v6(&self) -> bool {
        let pending = self.naming.as_ref().map(|naming| &naming.pending);
        pending.is_some_and(|pending| pending.contains(&Family::V6)) && !self.candidates.is_empty()
    }

    /// Of two answers that there is none, that for IPv4 is told: most hosts have no IPv6 address.
    fn note_unresolved(&mut self, question: &Question, words: &str) {
        let may_replace = match self.reason {
            None => true,
            Some(Reason::Resolve(_)) => question.family == Family::V4,
            Some(_) => false,
        };
        if may_replace {
            let host = question.host.clone();
            let reason = words.to_owned();
            self.reason = Some(Reason::Resolve(Error::Resolve { host, reason }.to_string()));
        }
    }
}
