//! One end of a TLS connection, without the connection.

mod agreed;

use std::collections::VecDeque;
use std::io;
use std::mem;

use rustls::Connection;

use super::cache;
use super::config::Config;
use super::describe;
use super::engine::Engine;
use super::error::{Error, Fault};
use super::params::{Identity, Parameters, Role};
use super::peer::Peer;
use super::pem;
use super::received::Received;
use super::sources::Sources;

/// One end of a TLS connection, without the connection: bytes of the peer go in, bytes for it
/// come out, and so does what happened.
///
/// Feed [`Self::receive`]; after that, and after [`Self::verdict`] and [`Self::choose`], take
/// [`Self::next_event`] until there is none, read plaintext, and send what [`Self::take_output`]
/// gives. A failure is final: send what output there is (an alert), then close.
pub struct Session {
    engine: Engine,
    role: Role,
    sent_name: Option<String>,
    stage: Stage,
    /// Whether the peer's certificates are still to be handed out.
    unverified: bool,
    /// Whether the peer is checked by us.
    verifies: bool,
    /// What to go on by once a certificate is chosen.
    choosing: Option<Box<Parameters>>,
    announced: bool,
    peer_closed: PeerClosed,
    closing: Closing,
    /// Ciphertext that came while a verdict was awaited.
    held: Vec<u8>,
    /// Plaintext that came from above before the handshake was done.
    queued: Vec<u8>,
    received: Received,
    /// Whether there was plaintext from above.
    written: bool,
    /// Whether nothing can be sent any more.
    muted: bool,
    failure: Option<Failure>,
}

enum Stage {
    Handshake,
    /// The certificate to present is to be chosen.
    Choosing {
        asked: bool,
    },
    /// Certificates that wait for a verdict, the one to judge next at the front.
    Judging {
        certificates: VecDeque<String>,
        asked: bool,
    },
    Established,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PeerClosed {
    No,
    Unannounced,
    Announced,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    /// As soon as the queued plaintext is sent.
    Wanted,
    Sent,
}

struct Failure {
    text: String,
    fault: Fault,
    /// Whether not even an alert is to reach the peer.
    silent: bool,
}

/// What a session has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The client has said what host it wants, if it did; [`Session::choose`] is waited for.
    ChooseCertificate {
        /// The host's name.
        name: Option<String>,
    },
    /// A certificate of the peer, as PEM, waits for [`Session::verdict`]; they come from the top
    /// of the chain down to the peer's own.
    VerifyPeer {
        /// The certificate.
        pem: String,
    },
    /// The handshake is done; comes before any plaintext.
    HandshakeCompleted,
    /// The peer will send no more (close_notify); comes after the last plaintext.
    PeerClosed,
}

impl Session {
    /// Starts a session.
    ///
    /// # Errors
    ///
    /// What the parameters are at fault in. Parameters that are sound but leave nothing to agree
    /// on make a session that fails: a client's has [`Self::failure`] from the start, a server's
    /// from the client's first message.
    pub fn new(role: Role, params: &Parameters) -> Result<Self, Error> {
        let peer = match role {
            Role::Client => Peer::of(params)?,
            Role::Server => Peer::ANY_CLIENT,
        };
        let named = role == Role::Client && peer.name.is_some();
        let sources = Sources::read(role, params, named, peer.is_told)?;
        let chooses = role == Role::Server && params.choose_certificate;
        let engine = Engine::new(cache::config(sources)?, peer.name.as_ref(), chooses)?;
        let mut session = Self {
            engine,
            role,
            sent_name: peer.sent(),
            stage: Stage::Handshake,
            unverified: params.verify_peer,
            verifies: params.verify,
            choosing: chooses.then(|| Box::new(params.clone())),
            announced: false,
            peer_closed: PeerClosed::No,
            closing: Closing::No,
            held: Vec::new(),
            queued: Vec::new(),
            received: Received::default(),
            written: false,
            muted: false,
            failure: None,
        };
        match session.engine {
            Engine::Hopeless(kind) if role == Role::Client => {
                session.fail(kind.reason(), Fault::Protocol);
            }
            _ => {}
        }
        Ok(session)
    }

    /// Takes bytes that came from the peer, split anywhere.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] where they end the session, and ever after. Events and plaintext from
    /// before the fault can still be had.
    pub fn receive(&mut self, ciphertext: &[u8]) -> Result<(), Error> {
        self.check()?;
        if self.waits() {
            self.held.extend_from_slice(ciphertext);
            return Ok(());
        }
        self.process(ciphertext);
        self.check()
    }

    /// Takes notice that the peer's bytes have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] where that is before the end of the handshake.
    pub fn end_of_input(&mut self) -> Result<(), Error> {
        if !matches!(self.stage, Stage::Established) {
            let text = "the peer closed the connection during the handshake";
            self.fail(text, Fault::Protocol);
        }
        self.check()
    }

    /// What happened next; `None` too while a verdict is awaited.
    pub fn next_event(&mut self) -> Option<SessionEvent> {
        match &mut self.stage {
            Stage::Handshake => None,
            Stage::Judging { asked: true, .. } | Stage::Choosing { asked: true } => None,
            Stage::Choosing { asked } => {
                *asked = true;
                let name = self.engine.greeted_name();
                Some(SessionEvent::ChooseCertificate { name })
            }
            Stage::Judging {
                certificates,
                asked,
            } => {
                *asked = true;
                certificates
                    .pop_front()
                    .map(|pem| SessionEvent::VerifyPeer { pem })
            }
            Stage::Established if !self.announced => {
                self.announced = true;
                Some(SessionEvent::HandshakeCompleted)
            }
            Stage::Established => {
                let due = self.peer_closed == PeerClosed::Unannounced && !self.has_plaintext();
                due.then(|| {
                    self.peer_closed = PeerClosed::Announced;
                    SessionEvent::PeerClosed
                })
            }
        }
    }

    /// Answers [`SessionEvent::VerifyPeer`]. A refusal fails the session, and the peer is sent
    /// nothing more; acceptance may bring a failure to light in what came meanwhile.
    pub fn verdict(&mut self, accepted: bool) {
        let Stage::Judging {
            certificates,
            asked,
        } = &mut self.stage
        else {
            return;
        };
        if !mem::take(asked) {
            return;
        }
        if !accepted {
            self.stage = Stage::Handshake;
            self.held = Vec::new();
            self.failure = Some(Failure {
                text: "the peer's certificate was not accepted".into(),
                fault: Fault::Untrusted,
                silent: true,
            });
        } else if certificates.is_empty() {
            self.stage = Stage::Handshake;
            let held = mem::take(&mut self.held);
            self.advance();
            self.process(&held);
        }
    }

    /// Answers [`SessionEvent::ChooseCertificate`]; without an identity those of the parameters
    /// hold.
    ///
    /// # Errors
    ///
    /// What the identity is at fault in. It fails the session too, and the peer is told of an
    /// internal error.
    pub fn choose(&mut self, identity: Option<Identity>) -> Result<(), Error> {
        if !matches!(self.stage, Stage::Choosing { asked: true }) {
            return Ok(());
        }
        self.stage = Stage::Handshake;
        let held = mem::take(&mut self.held);
        if let Err(error) = self.greet(identity) {
            self.engine.end();
            self.fail(error.to_string(), Fault::Protocol);
            return Err(error);
        }
        self.take_records(&mut &[][..]);
        self.process(&held);
        Ok(())
    }

    /// Has the session fail for want of a certificate that the owner of the connection could not
    /// choose.
    pub fn refuse_to_choose(&mut self) {
        if matches!(self.stage, Stage::Choosing { .. }) {
            self.stage = Stage::Handshake;
            self.held = Vec::new();
            self.engine.end();
            self.fail("no certificate was chosen", Fault::Protocol);
        }
    }

    /// Copies plaintext into `buf`; returns how much, zero where there is none.
    pub fn read(&mut self, buf: &mut [u8]) -> usize {
        let plaintext = self.plaintext();
        let size = plaintext.len().min(buf.len());
        buf[..size].copy_from_slice(&plaintext[..size]);
        self.consume_plaintext(size);
        size
    }

    /// The plaintext that is there, to be copied elsewhere without an intermediate buffer.
    pub fn plaintext(&self) -> &[u8] {
        match self.announced {
            true => self.received.unread(),
            false => &[],
        }
    }

    /// Lets go of the first `size` bytes of [`Self::plaintext`].
    pub fn consume_plaintext(&mut self, size: usize) {
        self.received.consume(size);
    }

    /// Whether there is plaintext to read.
    pub fn has_plaintext(&self) -> bool {
        !self.plaintext().is_empty()
    }

    /// Encrypts `plaintext` for the peer, all of it; before the handshake is done it is queued.
    /// Dropped after [`Self::close_notify`] and after a failure.
    pub fn write(&mut self, plaintext: &[u8]) {
        if self.muted || self.failure.is_some() || self.closing != Closing::No {
            return;
        }
        self.written |= !plaintext.is_empty();
        match self.stage {
            Stage::Established => self.encrypt(plaintext),
            _ => self.queued.extend_from_slice(plaintext),
        }
    }

    /// How many bytes of plaintext wait for the end of the handshake.
    pub fn pending_plaintext_len(&self) -> usize {
        self.queued.len()
    }

    /// Appends what is to be sent to the peer.
    pub fn take_output(&mut self, out: &mut Vec<u8>) {
        self.drain_into(out);
    }

    /// Writes all that is to be sent to the peer to what takes everything.
    pub(crate) fn drain_into(&mut self, out: &mut dyn io::Write) {
        while self.wants_output() && matches!(self.write_output(out), Ok(size) if size > 0) {}
    }

    /// Writes what is to be sent to the peer, in one call of `write_vectored` and without a copy.
    ///
    /// # Errors
    ///
    /// Those of `out`; nothing is lost by them.
    pub fn write_output(&mut self, out: &mut dyn io::Write) -> io::Result<usize> {
        if !self.wants_output() {
            return Ok(0);
        }
        self.engine.write_output(out)
    }

    /// Whether there is something to send to the peer.
    pub fn wants_output(&self) -> bool {
        let silenced = self.failure.as_ref().is_some_and(|failure| failure.silent);
        !self.muted
            && !silenced
            && !matches!(self.stage, Stage::Judging { .. })
            && self.engine.wants_output()
    }

    /// Tells the peer that no more comes, after the plaintext that is queued.
    pub fn close_notify(&mut self) {
        if self.failure.is_some() || self.closing == Closing::Sent {
            return;
        }
        self.closing = Closing::Wanted;
        match self.stage {
            Stage::Established => self.send_close_notify(),
            // Nothing was promised to the peer yet.
            Stage::Handshake if self.queued.is_empty() => self.closing = Closing::Sent,
            _ => {}
        }
    }

    /// Drops what is to be sent, now and later: the peer is out of reach.
    pub fn mute(&mut self) {
        self.muted = true;
        self.queued = Vec::new();
    }

    /// Whether plaintext was given to [`Self::write`].
    pub fn has_written(&self) -> bool {
        self.written
    }

    /// Whether the handshake is done.
    pub fn is_established(&self) -> bool {
        matches!(self.stage, Stage::Established)
    }

    /// Whether the peer has said that it will send no more.
    pub fn peer_has_closed(&self) -> bool {
        self.peer_closed != PeerClosed::No
    }

    /// Why the session failed.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| failure.text.as_str())
    }

    /// Whether it failed because of the peer's certificate, or the lack of one.
    pub fn verification_failed(&self) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| failure.fault != Fault::Protocol)
    }

    /// What kind of failure it was; of the peer's certificate only where [`Parameters::verify`] had
    /// it checked.
    pub fn fault(&self) -> Fault {
        match &self.failure {
            Some(failure) if self.verifies => failure.fault,
            _ => Fault::Protocol,
        }
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.role
    }

    fn connection(&self) -> Option<&Connection> {
        self.engine.connection()
    }

    /// Whether the owner of the connection has to decide something before the handshake goes on.
    fn waits(&self) -> bool {
        matches!(self.stage, Stage::Judging { .. } | Stage::Choosing { .. })
    }

    fn check(&self) -> Result<(), Error> {
        match &self.failure {
            Some(failure) => Err(Error::Failed(failure.text.clone())),
            None => Ok(()),
        }
    }

    fn fail(&mut self, text: impl Into<String>, fault: Fault) {
        if self.failure.is_none() {
            self.failure = Some(Failure {
                text: describe::one_line(&text.into()),
                fault,
                silent: false,
            });
        }
    }

    /// Decrypts `ciphertext` until its end, a failure, or something to be decided.
    fn process(&mut self, mut ciphertext: &[u8]) {
        while !ciphertext.is_empty() && self.failure.is_none() {
            if !self.take_records(&mut ciphertext) {
                return;
            }
            if self.waits() {
                self.held.extend_from_slice(ciphertext);
                return;
            }
        }
    }

    /// Takes as much of `ciphertext` as fits, and what follows from it. Returns whether there may
    /// be more to take.
    fn take_records(&mut self, ciphertext: &mut &[u8]) -> bool {
        match &mut self.engine {
            Engine::Ended { .. } => return false,
            Engine::Hopeless(kind) => {
                let kind = *kind;
                self.engine.end_with_alert(kind.alert());
                self.fail(kind.reason(), Fault::Protocol);
                return false;
            }
            Engine::Greeting(_) => match self.engine.await_greeting(ciphertext) {
                Ok(true) => self.stage = Stage::Choosing { asked: false },
                Ok(false) => {}
                Err(error) => self.fail(describe::failure(&error), Fault::Protocol),
            },
            Engine::Rustls(connection) => {
                // Reading nothing would count as the end.
                let taken = match ciphertext.is_empty() {
                    true => None,
                    false => match connection.read_tls(ciphertext) {
                        Ok(taken) => Some(taken),
                        Err(error) => {
                            self.fail(error.to_string(), Fault::Protocol);
                            return false;
                        }
                    },
                };
                match connection.process_new_packets() {
                    Ok(state) => self.received.take_from(connection, &state),
                    Err(error) => {
                        self.received.rescue(connection);
                        let is_established = !connection.is_handshaking();
                        self.fail(describe::failure(&error), describe::fault(&error));
                        // The handshake may have ended by the records before the fault.
                        if is_established {
                            self.advance();
                        }
                        return false;
                    }
                }
                // Nothing is taken after the peer's close_notify.
                if taken == Some(0) {
                    return false;
                }
                self.advance();
            }
        }
        true
    }

    /// Goes on from the client's first message with `identity`.
    fn greet(&mut self, identity: Option<Identity>) -> Result<(), Error> {
        let Some(mut params) = self.choosing.take() else {
            return Ok(());
        };
        if let Some(identity) = identity {
            params.identity = identity;
            params.certificates.clear();
        }
        let sources = Sources::read(self.role, &params, false, false)?;
        match cache::config(sources)? {
            Config::Server(config) => {
                if let Err(error) = self.engine.greet(config) {
                    self.fail(describe::failure(&error), describe::fault(&error));
                }
            }
            // The parameters are those that the session was made with.
            Config::Client(_) | Config::Hopeless(_) => {
                return Err(Error::BadCertificate(
                    "it leaves nothing to agree on".into(),
                ));
            }
        }
        Ok(())
    }

    /// Moves on to the stage that the connection is in.
    fn advance(&mut self) {
        let Engine::Rustls(connection) = &self.engine else {
            return;
        };
        if self.unverified {
            if let Some(chain) = connection.peer_certificates() {
                self.unverified = false;
                let certificates: VecDeque<_> = chain
                    .iter()
                    .rev()
                    .map(|certificate| pem::encode_certificate(certificate))
                    .collect();
                if !certificates.is_empty() {
                    self.stage = Stage::Judging {
                        certificates,
                        asked: false,
                    };
                    return;
                }
            }
        }
        if matches!(self.stage, Stage::Handshake) && !connection.is_handshaking() {
            self.stage = Stage::Established;
            let queued = mem::take(&mut self.queued);
            // A fault may have come with the end of the handshake: then there is no more to say.
            if self.failure.is_none() {
                self.encrypt(&queued);
                if self.closing == Closing::Wanted {
                    self.send_close_notify();
                }
            }
        }
        if self.received.ended && self.peer_closed == PeerClosed::No {
            self.peer_closed = PeerClosed::Unannounced;
        }
    }

    fn encrypt(&mut self, plaintext: &[u8]) {
        if plaintext.is_empty() {
            return;
        }
        if let Engine::Rustls(connection) = &mut self.engine {
            if let Err(error) = io::Write::write_all(&mut connection.writer(), plaintext) {
                self.fail(error.to_string(), Fault::Protocol);
            }
        }
    }

    fn send_close_notify(&mut self) {
        self.closing = Closing::Sent;
        if let Engine::Rustls(connection) = &mut self.engine {
            connection.send_close_notify();
        }
    }
}
