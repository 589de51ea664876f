//! TLS on a stream: between the socket and what is sent and received.

use std::io;

use super::Stream;
use super::read::{found_nothing, took};
use crate::base::{Base, Phase, Room};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::file_source::FileSource;
use crate::outbound::{Flushed, Outbound, SHARE};
use crate::step::{Rest, Step};
use crate::sys::handle::Handle;
use crate::tls::{Identity, Parameters, Role, Session, SessionEvent};
use crate::turn::Turn;

/// The most that one read takes from a socket under TLS.
const READ_SIZE: usize = 64 * 1024;

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

/// What a stream has to do with TLS.
#[derive(Default)]
pub(crate) struct Security {
    pub(crate) parameters: Parameters,
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

impl Security {
    pub(crate) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Bytes that wait for the handshake to be done, or for the session to take them.
    pub(crate) fn unsealed_len(&self) -> usize {
        let session = self.session.as_ref();
        self.unsealed.len() + session.map_or(0, Session::pending_plaintext_len)
    }

    /// Queues bytes for the session.
    pub(super) fn push(&mut self, data: &[u8]) {
        match &mut self.session {
            Some(session) if self.unsealed.len() == 0 => session.write(data),
            _ => self.unsealed.push(data),
        }
    }

    /// Queues a file for the session.
    pub(super) fn push_file(&mut self, file: FileSource) {
        self.unsealed.push_file(file);
    }

    /// Seals what waits and writes it, until the descriptor takes no more or its share is used up.
    pub(super) fn write_out(
        &mut self,
        outbound: &mut Outbound,
        handle: &Handle,
        ending: bool,
    ) -> (usize, io::Result<Flushed>) {
        let mut total = 0;
        loop {
            if let Err(error) = self.seal(outbound, ending) {
                return (total, Err(error));
            }
            let (count, result) = outbound.flush(handle);
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

    /// Whether the session would take more.
    fn can_seal(&self) -> bool {
        let ready = |session: &Session| session.is_established() && session.failure().is_none();
        self.unsealed.len() > 0 && self.session.as_ref().is_some_and(ready)
    }

    /// Hands what the session has to send to the outbound queue, with one piece of what it takes
    /// piece by piece, and the farewell where that was all.
    fn seal(&mut self, outbound: &mut Outbound, ending: bool) -> io::Result<()> {
        let can_seal = self.can_seal();
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        if can_seal && outbound.len() == 0 {
            session.write(&self.unsealed.take_piece()?);
        }
        session.drain_into(outbound);
        if ending && self.unsealed.len() == 0 {
            self.parting = outbound.len() == 0 && session.pending_plaintext_len() == 0;
            session.close_notify();
            session.drain_into(outbound);
        }
        Ok(())
    }
}

impl Stream {
    pub(crate) fn session(&self) -> Option<&Session> {
        self.security.as_ref()?.session.as_ref()
    }

    pub(crate) fn session_mut(&mut self) -> Option<&mut Session> {
        self.security.as_mut()?.session.as_mut()
    }

    pub(crate) fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.security.get_or_insert_default().parameters
    }

    /// Whether a handshake is under way.
    pub(crate) fn is_securing(&self) -> bool {
        self.session()
            .is_some_and(|session| !session.is_established())
    }

    /// Has it go on under TLS, unless it does already or ends.
    pub(crate) fn start_tls(&mut self, base: &mut Base, turn: &mut Turn) -> Result<()> {
        if self.session().is_some() || base.is_closing() {
            return Ok(());
        }
        let natural = match self.listener {
            Some(_) => Role::Server,
            None => Role::Client,
        };
        let host = self.host.as_deref().map(str::to_owned);
        let security = self.security.get_or_insert_default();
        let role = security.parameters.role.unwrap_or(natural);
        security.parameters.server_name = host;
        security.session = Some(Session::new(role, &security.parameters).map_err(Error::Tls)?);
        self.begin_handshake(base, turn);
        base.mark_dirty(turn);
        Ok(())
    }

    /// Gives the handshake, where one was asked for, as long as connecting may take.
    pub(super) fn begin_handshake(&mut self, base: &mut Base, turn: &mut Turn) {
        if self.is_securing() {
            let timeout = base.timeouts.connect();
            base.set_connect_timeout(turn, timeout, true);
            ask_session(base, turn);
        } else {
            base.timeouts.cancel_connect(&mut turn.deadlines);
        }
    }

    /// The answer to [`Event::TlsPeerCertificate`].
    pub(crate) fn verdict(&mut self, base: &mut Base, turn: &mut Turn, accepted: bool) {
        if let Some(session) = self.session_mut() {
            session.verdict(accepted);
            ask_session(base, turn);
            base.mark_dirty(turn);
        }
    }

    /// The answer to [`Event::TlsChooseCertificate`].
    pub(crate) fn choose(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        choice: Choice,
    ) -> Result<()> {
        let Some(session) = self.session_mut() else {
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
        ask_session(base, turn);
        base.mark_dirty(turn);
        result.map_err(Error::Tls)
    }

    /// Decrypts what came, and tells what the session has to say: events first, then data, then the
    /// failure that ended it.
    pub(super) fn advance_securely(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        buffer: &mut [u8],
        room: Room,
    ) -> Step {
        loop {
            if let Some(event) = self.session_event(base, turn) {
                return Step::Tell(event);
            }
            // What is to be written first may wait for the handshake.
            let is_shaking_hands = base.phase == Phase::Draining && self.is_securing();
            let waits = (base.paused || room.held) && !is_shaking_hands;
            if base.phase == Phase::Closing || waits {
                return Step::Idle;
            }
            let Some(session) = self.session() else {
                return Step::Idle;
            };
            if session.has_plaintext() {
                return self.take_plaintext(base, buffer, room);
            }
            if session.failure().is_some() {
                let reason = Reason::Tls(session.fault());
                self.end_securely(base, turn, reason);
                return Step::Idle;
            }
            if self.input_ended {
                self.look_for_peer(base, turn);
                return Step::Idle;
            }
            let may_receive = base.readiness.readable;
            if !may_receive || !self.receive_records(base, turn) {
                return Step::Idle;
            }
        }
    }

    fn session_event(&mut self, base: &mut Base, turn: &mut Turn) -> Option<Event> {
        loop {
            let id = base.id;
            let event = match self.session_mut()?.next_event()? {
                SessionEvent::PeerClosed => continue,
                SessionEvent::HandshakeCompleted => {
                    base.timeouts.cancel_connect(&mut turn.deadlines);
                    Event::TlsEstablished(id)
                }
                SessionEvent::ChooseCertificate { name } => {
                    Event::TlsChooseCertificate { id, name }
                }
                SessionEvent::VerifyPeer { pem } => Event::TlsPeerCertificate { id, pem },
            };
            base.mark_readable(turn);
            return Some(event);
        }
    }

    fn take_plaintext(&mut self, base: &mut Base, buffer: &mut [u8], room: Room) -> Step {
        let share = self.readable_share(room).min(buffer.len());
        let Some(session) = self.session_mut() else {
            return Step::Idle;
        };
        let len = session.read(&mut buffer[..share]);
        let is_read = !session.has_plaintext();
        self.unanswered = true;
        base.readiness.readable = true;
        // What was read at once is told in one turn.
        let rest = match is_read && base.departure.is_none() {
            true => Rest::NextTurn,
            false => Rest::ThisTurn,
        };
        Step::Data { len, rest }
    }

    /// Reads from the socket once; false where there is nothing more to be had for now.
    fn receive_records(&mut self, base: &mut Base, turn: &mut Turn) -> bool {
        let mut records = std::mem::take(&mut turn.records);
        records.resize(READ_SIZE, 0);
        let going_on = self.receive_into(base, turn, &mut records);
        turn.records = records;
        going_on
    }

    fn receive_into(&mut self, base: &mut Base, turn: &mut Turn, records: &mut [u8]) -> bool {
        match base.handle.read(records) {
            Ok(0) => {
                if let Some(session) = self.session_mut() {
                    // Before the end of the handshake this fails, which is told as text only.
                    let _ = session.end_of_input();
                }
                self.end_input(base, turn);
                // What waits for a handshake that will not come is lost with the peer.
                if self.is_securing() {
                    self.end(base, turn, None);
                }
                false
            }
            Ok(len) => {
                took(base, turn, len, len == records.len());
                if let Some(session) = self.session_mut() {
                    // The failure is acted on when events and plaintext from before it are given
                    // out.
                    let _ = session.receive(&records[..len]);
                }
                self.flush(base, turn);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                found_nothing(base);
                false
            }
            Err(error) => {
                let reason = self.refusal_reason(&error);
                self.end(base, turn, reason);
                false
            }
        }
    }

    /// Ends a connection whose session failed, once the alert is on its way.
    fn end_securely(&mut self, base: &mut Base, turn: &mut Turn, reason: Reason) {
        self.write_rest(base, turn);
        self.end(base, turn, Some(reason));
    }

    /// Whether the peer has gone after its farewell, or before a server had sent it anything but
    /// tickets: neither matters to anyone.
    pub(super) fn may_leave_securely(&self) -> bool {
        let is_parting = |security: &Security| security.parting;
        self.security.as_deref().is_some_and(is_parting)
            || self.session().is_some_and(|session| {
                session.role() == Role::Server && session.is_established() && !session.has_written()
            })
    }
}

/// Something may be had from the session, whether or not the socket has more.
fn ask_session(base: &mut Base, turn: &mut Turn) {
    if !base.is_connecting() {
        base.mark_readable(turn);
    }
}
