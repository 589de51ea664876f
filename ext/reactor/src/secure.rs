//! TLS on connections: between the socket and what is sent and received.

use std::io;

use crate::descriptor::{Descriptor, Output, Phase};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::file_source::FileSource;
use crate::id::Id;
use crate::outbound::{Flushed, Outbound, SHARE};
use crate::reactor::Reactor;
use crate::stream::reason_of;
use crate::tls::{Identity, Parameters, Role, Session, SessionEvent};

/// The most that one read takes from a socket under TLS.
const READ_SIZE: usize = 64 * 1024;

/// The most that is written of what was sent before a connection is closed at once.
const LAST_SHARES: usize = 16;

/// What a server is to present to a client.
#[derive(Debug)]
pub enum Choice {
    /// This key and certificate.
    Present(Identity),
    /// What the parameters say.
    Default,
    /// Nothing: the connection ends.
    Refuse,
}

/// What a connection has to do with TLS.
#[derive(Default)]
pub(crate) struct Security {
    parameters: Parameters,
    session: Option<Session>,
    /// A file, and what was sent after it, which the session takes piece by piece.
    unsealed: Outbound,
    /// Whether all is said but the farewell, for which a peer needs not wait.
    parting: bool,
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security")
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

impl Descriptor {
    pub(crate) fn session(&self) -> Option<&Session> {
        self.security.as_ref()?.session.as_ref()
    }

    pub(crate) fn session_mut(&mut self) -> Option<&mut Session> {
        self.security.as_mut()?.session.as_mut()
    }

    /// Whether a handshake is under way.
    pub(crate) fn is_securing(&self) -> bool {
        self.session()
            .is_some_and(|session| !session.is_established())
    }

    /// Bytes that wait for the handshake to be done, or for the session to take them.
    pub(crate) fn unsealed_len(&self) -> usize {
        let Some(security) = &self.security else {
            return 0;
        };
        let session = security.session.as_ref();
        security.unsealed.len() + session.map_or(0, Session::pending_plaintext_len)
    }

    /// Queues bytes, for the session where there is one.
    pub(crate) fn queue(&mut self, data: &[u8]) {
        match self.security.as_deref_mut() {
            Some(Security {
                session: Some(session),
                unsealed,
                ..
            }) => match unsealed.len() {
                0 => session.write(data),
                _ => unsealed.push(data),
            },
            _ => self.outbound.push(data),
        }
    }

    /// As [`queue`](Self::queue), for a file.
    pub(crate) fn queue_file(&mut self, source: FileSource) {
        match self.security.as_deref_mut() {
            Some(security) if security.session.is_some() => security.unsealed.push_file(source),
            _ => self.outbound.push_file(source),
        }
    }

    /// Writes what waits until the descriptor takes no more, or its share is used up.
    pub(crate) fn write_out(&mut self) -> (usize, io::Result<Flushed>) {
        let mut total = 0;
        loop {
            if let Err(error) = self.seal() {
                return (total, Err(error));
            }
            let (count, result) = self.outbound.flush(&self.handle);
            total += count;
            match result {
                Ok(Flushed::Empty) if self.can_seal() => {}
                result => return (total, result),
            }
            if total >= SHARE {
                return (total, Ok(Flushed::Shared));
            }
        }
    }

    /// Writes what the descriptor takes at once, of which there is no end where its peer is fast.
    pub(crate) fn write_last(&mut self) {
        for _ in 0..LAST_SHARES {
            let (_, Ok(Flushed::Shared)) = self.write_out() else {
                return;
            };
        }
    }

    /// Writes all that the descriptor takes, however many shares that is: there is no next turn.
    pub(crate) fn write_rest(&mut self) {
        while let (_, Ok(Flushed::Shared)) = self.write_out() {}
    }

    /// Whether the session would take more.
    fn can_seal(&self) -> bool {
        let Some(security) = &self.security else {
            return false;
        };
        let ready = |session: &Session| session.is_established() && session.failure().is_none();
        security.unsealed.len() > 0 && security.session.as_ref().is_some_and(ready)
    }

    /// Hands what the session has to send to the outbound queue, with one piece of a file.
    fn seal(&mut self) -> io::Result<()> {
        let closes = matches!(self.phase, Phase::Draining);
        let ending = closes || (self.output == Output::Ending && !self.is_securing());
        let can_seal = self.can_seal();
        let Some(Security {
            session: Some(session),
            unsealed,
            parting,
            ..
        }) = self.security.as_deref_mut()
        else {
            return Ok(());
        };
        if can_seal && self.outbound.len() == 0 {
            session.write(&unsealed.take_piece()?);
        }
        session.drain_into(&mut self.outbound);
        if ending && unsealed.len() == 0 {
            *parting = self.outbound.len() == 0 && session.pending_plaintext_len() == 0;
            session.close_notify();
            session.drain_into(&mut self.outbound);
        }
        Ok(())
    }
}

impl Descriptor {
    /// Why a connection ends to which the system refuses to write.
    pub(crate) fn refusal_reason(&self, error: &io::Error) -> Option<Reason> {
        let parting = self
            .security
            .as_ref()
            .is_some_and(|security| security.parting);
        match parting {
            true => None,
            false => departure(self.session(), error),
        }
    }
}

/// What a peer's going means: nothing, where a server had not sent it anything yet but tickets.
fn departure(session: Option<&Session>, error: &io::Error) -> Option<Reason> {
    let unconcerned = session.is_some_and(|session| {
        session.role() == Role::Server && session.is_established() && !session.has_written()
    });
    let gone = matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    );
    match unconcerned && gone {
        true => None,
        false => reason_of(error),
    }
}

impl Reactor {
    /// Sets what [`start_tls`](Self::start_tls) is to do for a connection.
    pub fn set_tls_parameters(&mut self, id: Id, parameters: Parameters) -> Result<()> {
        self.descriptor_mut(id)?
            .security
            .get_or_insert_default()
            .parameters = parameters;
        Ok(())
    }

    /// Changes what [`set_tls_parameters`](Self::set_tls_parameters) set.
    pub fn update_tls_parameters(
        &mut self,
        id: Id,
        change: impl FnOnce(&mut Parameters),
    ) -> Result<()> {
        change(
            &mut self
                .descriptor_mut(id)?
                .security
                .get_or_insert_default()
                .parameters,
        );
        Ok(())
    }

    /// Names the host that a connection was made to: what its certificate is checked against where
    /// the parameters name no other.
    pub fn set_host(&mut self, id: Id, host: &str) -> Result<()> {
        self.descriptor_mut(id)?.host = Some(host.into());
        Ok(())
    }

    /// Has a connection go on under TLS: as server where it was accepted, else as client, unless its
    /// parameters name the role. What was sent before goes out as it is; what is sent from now on waits for the end of the handshake,
    /// for which [`Event::TlsEstablished`] stands.
    ///
    /// Where TLS runs already, nothing happens.
    pub fn start_tls(&mut self, id: Id) -> Result<()> {
        let descriptor = self.descriptor_mut(id)?;
        if !descriptor.is_stream() {
            let kind = descriptor.kind.name();
            return Err(Error::WrongKind {
                operation: "start_tls",
                kind,
            });
        }
        if descriptor.session().is_some() || descriptor.is_closing() {
            return Ok(());
        }
        let natural = match descriptor.listener {
            Some(_) => Role::Server,
            None => Role::Client,
        };
        let host = descriptor.host.as_deref().map(str::to_owned);
        let security = descriptor.security.get_or_insert_default();
        let role = security.parameters.role.unwrap_or(natural);
        security.parameters.server_name = host;
        security.session = Some(Session::new(role, &security.parameters).map_err(Error::Tls)?);
        self.begin_handshake(id);
        self.mark_dirty(id);
        Ok(())
    }

    /// Gives the handshake, where one was asked for, as long as connecting may take.
    pub(crate) fn begin_handshake(&mut self, id: Id) {
        if self
            .descriptors
            .get(id)
            .is_some_and(Descriptor::is_securing)
        {
            // Both fail for unknown names only.
            if let Ok(timeout) = self.connect_timeout(id) {
                let _ = self.set_connect_timeout(id, timeout);
            }
            self.requeue_readable(id);
        } else {
            self.cancel_connect_timeout(id);
        }
    }

    /// The answer to [`Event::TlsPeerCertificate`]: whether the handshake may go on.
    pub fn tls_verdict(&mut self, id: Id, accepted: bool) {
        if let Some(session) = self
            .descriptors
            .get_mut(id)
            .and_then(Descriptor::session_mut)
        {
            session.verdict(accepted);
            self.requeue_readable(id);
            self.mark_dirty(id);
        }
    }

    /// The answer to [`Event::TlsChooseCertificate`]. The connection ends where it cannot be used.
    pub fn tls_choice(&mut self, id: Id, choice: Choice) -> Result<()> {
        let Some(session) = self
            .descriptors
            .get_mut(id)
            .and_then(Descriptor::session_mut)
        else {
            return Ok(());
        };
        let result = match choice {
            Choice::Present(identity) => session.choose(Some(identity)),
            Choice::Default => session.choose(None),
            Choice::Refuse => {
                session.refuse_to_choose();
                Ok(())
            }
        };
        self.requeue_readable(id);
        self.mark_dirty(id);
        result.map_err(Error::Tls)
    }

    /// The TLS session of a connection; `None` where it has none.
    pub fn tls_session(&self, id: Id) -> Result<Option<&Session>> {
        Ok(self.descriptor(id)?.session())
    }

    /// Something may be had from the session, whether or not the socket has more.
    fn requeue_readable(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            if !descriptor.is_connecting() {
                self.mark_readable(id);
            }
        }
    }

    /// Decrypts what came, and tells what the session has to say: events first, then data, then the
    /// failure that ended it.
    pub(crate) fn process_secure(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        loop {
            if let Some(event) = self.session_event(id) {
                return Some(event);
            }
            let held = self.is_held(id);
            let descriptor = self.descriptors.get_mut(id)?;
            if matches!(descriptor.phase, Phase::Closing) {
                return None;
            }
            // What is to be written first may wait for the handshake.
            let is_shaking_hands =
                matches!(descriptor.phase, Phase::Draining) && descriptor.is_securing();
            if (descriptor.paused || held) && !is_shaking_hands {
                return None;
            }
            if descriptor.session()?.has_plaintext() {
                match self.take_plaintext(id, buffer) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let session = descriptor.session()?;
            if session.failure().is_some() {
                let reason = Reason::Tls(session.fault());
                self.end_securely(id, reason);
                return None;
            }
            if descriptor.input_ended {
                self.look_for_peer(id);
                return None;
            }
            if !descriptor.readiness.readable || !self.receive_records(id) {
                return None;
            }
        }
    }

    fn session_event(&mut self, id: Id) -> Option<Event> {
        loop {
            let event = match self.descriptors.get_mut(id)?.session_mut()?.next_event()? {
                SessionEvent::PeerClosed => continue,
                SessionEvent::HandshakeCompleted => {
                    self.cancel_connect_timeout(id);
                    Event::TlsEstablished(id)
                }
                SessionEvent::ChooseCertificate { name } => {
                    Event::TlsChooseCertificate { id, name }
                }
                SessionEvent::VerifyPeer { pem } => Event::TlsPeerCertificate { id, pem },
            };
            self.mark_readable(id);
            return Some(event);
        }
    }

    fn take_plaintext(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let descriptor = self.descriptors.get_mut(id)?;
        let share = descriptor.readable_share(buffer.len());
        let len = descriptor.session_mut()?.read(&mut buffer[..share]);
        descriptor.unanswered = true;
        if self.pass_on(id, &buffer[..len]) {
            return None;
        }
        let descriptor = self.descriptors.get_mut(id)?;
        descriptor.readiness.readable = true;
        let is_read = !descriptor.session()?.has_plaintext();
        // What was read at once is told in one turn.
        if is_read && descriptor.departure.is_none() {
            self.carry(id);
        } else {
            self.requeue(id);
        }
        Some(Event::Data { id, len })
    }

    /// Reads from the socket once; false where there is nothing more to be had for now.
    fn receive_records(&mut self, id: Id) -> bool {
        let mut records = std::mem::take(&mut self.records);
        records.resize(READ_SIZE, 0);
        let going_on = self.receive_into(id, &mut records);
        self.records = records;
        going_on
    }

    fn receive_into(&mut self, id: Id, records: &mut [u8]) -> bool {
        let now = self.now;
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return false;
        };
        match descriptor.handle.read(records) {
            Ok(0) => {
                if let Some(session) = descriptor.session_mut() {
                    // Before the end of the handshake this fails, which is told as text only.
                    let _ = session.end_of_input();
                }
                self.end_input(id);
                self.end_unless_sendable(id);
                false
            }
            Ok(len) => {
                descriptor.last_activity = now;
                descriptor.spend_last_share(len);
                descriptor.readiness.readable = len == records.len()
                    || descriptor.readiness.ended
                    || descriptor.always_ready
                    || descriptor.reads_in_part;
                if let Some(session) = descriptor.session_mut() {
                    // The failure is acted on when events and plaintext from before it are given out.
                    let _ = session.receive(&records[..len]);
                }
                self.flush_stream(id);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                descriptor.readiness.readable = false;
                descriptor.readiness.ended = false;
                false
            }
            Err(error) => {
                let reason = descriptor.refusal_reason(&error);
                self.end(id, reason);
                false
            }
        }
    }

    /// What waits for a handshake that will not come is lost with the peer.
    fn end_unless_sendable(&mut self, id: Id) {
        if self
            .descriptors
            .get(id)
            .is_some_and(Descriptor::is_securing)
        {
            self.end(id, None);
        }
    }

    /// Ends a connection whose session failed, once the alert is on its way.
    fn end_securely(&mut self, id: Id, reason: Reason) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.write_rest();
        }
        self.end(id, Some(reason));
    }
}
