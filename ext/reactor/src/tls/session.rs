use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::Ipv4Addr;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, HandshakeKind, IoState, ServerConnection};

use super::cache;
use super::ciphers;
use super::config::{Config, Hopeless};
use super::describe;
use super::error::Error;
use super::params::{Parameters, Role};
use super::pem;
use super::sources::Sources;

/// One end of a TLS connection, without the connection: bytes of the peer go in, bytes for it
/// come out, and so does what happened.
///
/// Feed [`Self::receive`]; after that, and after [`Self::verdict`], take [`Self::next_event`]
/// until there is none, read plaintext, and send what [`Self::take_output`] gives. A failure is
/// final: send what output there is (an alert), then close.
pub struct Session {
    engine: Engine,
    role: Role,
    sent_name: Option<String>,
    stage: Stage,
    /// Whether the peer's certificates are still to be handed out.
    unverified: bool,
    announced: bool,
    peer_closed: PeerClosed,
    closing: Closing,
    /// Ciphertext that came while a verdict was awaited.
    held: Vec<u8>,
    /// Plaintext that came from above before the handshake was done.
    queued: Vec<u8>,
    received: Received,
    failure: Option<Failure>,
}

enum Engine {
    Rustls(Box<Connection>),
    Hopeless { kind: Hopeless, output: Vec<u8> },
}

enum Stage {
    Handshake,
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
    verification: bool,
    /// Whether not even an alert is to reach the peer.
    silent: bool,
}

/// What a session has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
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
        let engine = Engine::new(cache::config(sources)?, peer.name.as_ref())?;
        let mut session = Self {
            engine,
            role,
            sent_name: peer.sent(),
            stage: Stage::Handshake,
            unverified: params.verify_peer,
            announced: false,
            peer_closed: PeerClosed::No,
            closing: Closing::No,
            held: Vec::new(),
            queued: Vec::new(),
            received: Received::default(),
            failure: None,
        };
        match session.engine {
            Engine::Hopeless { kind, .. } if role == Role::Client => {
                session.fail(kind.reason(), false);
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
        if matches!(self.stage, Stage::Judging { .. }) {
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
            self.fail("the peer closed the connection during the handshake", false);
        }
        self.check()
    }

    /// What happened next; `None` too while a verdict is awaited.
    pub fn next_event(&mut self) -> Option<SessionEvent> {
        match &mut self.stage {
            Stage::Handshake => None,
            Stage::Judging { asked: true, .. } => None,
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
                verification: true,
                silent: true,
            });
        } else if certificates.is_empty() {
            self.stage = Stage::Handshake;
            let held = mem::take(&mut self.held);
            self.advance();
            self.process(&held);
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
        if self.failure.is_some() || self.closing != Closing::No {
            return;
        }
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
        while self.wants_output() {
            // Writing to a vector does not fail.
            if !matches!(self.write_output(out), Ok(size) if size > 0) {
                break;
            }
        }
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
        match &mut self.engine {
            Engine::Rustls(connection) => connection.write_tls(out),
            Engine::Hopeless { output, .. } => {
                let size = out.write(output)?;
                output.drain(..size);
                Ok(size)
            }
        }
    }

    /// Whether there is something to send to the peer.
    pub fn wants_output(&self) -> bool {
        let silenced = self.failure.as_ref().is_some_and(|failure| failure.silent);
        if silenced || matches!(self.stage, Stage::Judging { .. }) {
            return false;
        }
        match &self.engine {
            Engine::Rustls(connection) => connection.wants_write(),
            Engine::Hopeless { output, .. } => !output.is_empty(),
        }
    }

    /// Tells the peer that no more comes, after the plaintext that is queued.
    pub fn close_notify(&mut self) {
        if self.failure.is_some() || self.closing == Closing::Sent {
            return;
        }
        self.closing = Closing::Wanted;
        let settled = match self.stage {
            Stage::Handshake => self.queued.is_empty(),
            Stage::Judging { .. } => false,
            Stage::Established => true,
        };
        if settled {
            self.send_close_notify();
        }
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
            .is_some_and(|failure| failure.verification)
    }

    /// The peer's own certificate, if it presented one.
    pub fn peer_certificate_pem(&self) -> Option<String> {
        let leaf = self.connection()?.peer_certificates()?.first()?;
        Some(pem::encode_certificate(leaf))
    }

    /// The negotiated cipher suite, by its OpenSSL name.
    pub fn cipher_name(&self) -> Option<&'static str> {
        ciphers::name(self.cipher()?)
    }

    /// The size of the negotiated suite's key in bits.
    pub fn cipher_bits(&self) -> Option<u16> {
        ciphers::bits(self.cipher()?)
    }

    /// The protocol that the negotiated cipher suite belongs to.
    pub fn cipher_protocol(&self) -> Option<&'static str> {
        let suite = self.connection()?.negotiated_cipher_suite()?;
        Some(match suite.tls13() {
            Some(_) => "TLSv1.3",
            None => "TLSv1.2",
        })
    }

    /// The host name that the client asked for.
    pub fn sni_hostname(&self) -> Option<&str> {
        match &self.engine {
            Engine::Rustls(connection) => match &**connection {
                Connection::Server(connection) => connection.server_name(),
                Connection::Client(_) => self.sent_name.as_deref(),
            },
            Engine::Hopeless { .. } => None,
        }
    }

    /// The application protocol that was agreed on.
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.connection()?.alpn_protocol()
    }

    /// Whether an earlier session was taken up again.
    pub fn is_resumed(&self) -> bool {
        self.connection()
            .and_then(|connection| connection.handshake_kind())
            .is_some_and(|kind| kind == HandshakeKind::Resumed)
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.role
    }

    fn connection(&self) -> Option<&Connection> {
        match &self.engine {
            Engine::Rustls(connection) => Some(connection),
            Engine::Hopeless { .. } => None,
        }
    }

    fn cipher(&self) -> Option<rustls::CipherSuite> {
        Some(self.connection()?.negotiated_cipher_suite()?.suite())
    }

    fn check(&self) -> Result<(), Error> {
        match &self.failure {
            Some(failure) => Err(Error::Failed(failure.text.clone())),
            None => Ok(()),
        }
    }

    fn fail(&mut self, text: impl Into<String>, verification: bool) {
        if self.failure.is_none() {
            self.failure = Some(Failure {
                text: text.into(),
                verification,
                silent: false,
            });
        }
    }

    /// Decrypts `ciphertext` until its end, a failure, or a certificate to be judged.
    fn process(&mut self, mut ciphertext: &[u8]) {
        while !ciphertext.is_empty() && self.failure.is_none() {
            match &mut self.engine {
                Engine::Hopeless { kind, output } => {
                    let kind = *kind;
                    output.extend([21, 3, 3, 0, 2, 2, kind.alert()]);
                    return self.fail(kind.reason(), false);
                }
                Engine::Rustls(connection) => {
                    let taken = match connection.read_tls(&mut ciphertext) {
                        Ok(taken) => taken,
                        Err(error) => return self.fail(error.to_string(), false),
                    };
                    let processed = connection.process_new_packets();
                    match processed {
                        Ok(state) => self.received.take_from(connection, &state),
                        Err(error) => {
                            self.received.rescue(connection);
                            let verification = describe::is_verification(&error);
                            return self.fail(describe::failure(&error), verification);
                        }
                    }
                    // Nothing is taken after the peer's close_notify.
                    if taken == 0 {
                        return;
                    }
                }
            }
            self.advance();
            if matches!(self.stage, Stage::Judging { .. }) {
                self.held.extend_from_slice(ciphertext);
                return;
            }
        }
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
            self.encrypt(&queued);
            if self.closing == Closing::Wanted {
                self.send_close_notify();
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
                self.fail(error.to_string(), false);
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

impl Engine {
    fn new(config: Config, name: Option<&ServerName<'static>>) -> Result<Self, Error> {
        let connection = match config {
            Config::Client(config) => {
                // Without a name this only fills a place: it is neither sent nor checked.
                let name = name
                    .cloned()
                    .unwrap_or(ServerName::from(Ipv4Addr::UNSPECIFIED));
                ClientConnection::new(config, name).map(Connection::Client)
            }
            Config::Server(config) => ServerConnection::new(config).map(Connection::Server),
            Config::Hopeless(kind) => {
                return Ok(Self::Hopeless {
                    kind,
                    output: Vec::new(),
                });
            }
        };
        let mut connection = connection.map_err(|error| Error::Failed(error.to_string()))?;
        // The owner of the connection sees to it that not too much is queued.
        connection.set_buffer_limit(None);
        Ok(Self::Rustls(Box::new(connection)))
    }
}

/// What a client knows of the server's name.
struct Peer {
    name: Option<ServerName<'static>>,
    is_told: bool,
}

impl Peer {
    const ANY_CLIENT: Self = Self {
        name: None,
        is_told: false,
    };

    fn of(params: &Parameters) -> Result<Self, Error> {
        let parse = |name: &Option<String>| {
            let name = name.as_deref().filter(|name| !name.is_empty())?;
            Some(ServerName::try_from(name.to_owned()).ok())
        };
        let name = match parse(&params.sni_hostname) {
            Some(Some(name)) => {
                return Ok(Self {
                    name: Some(name),
                    is_told: true,
                });
            }
            // To check another name than the one asked for would be to check nothing.
            Some(None) if params.verify => return Err(Error::NoServerName),
            Some(None) | None => parse(&params.server_name).flatten(),
        };
        if name.is_none() && params.verify {
            return Err(Error::NoServerName);
        }
        Ok(Self {
            name,
            is_told: params.verify,
        })
    }

    /// The name as the server is told it; addresses are not (RFC 6066 section 3).
    fn sent(&self) -> Option<String> {
        match &self.name {
            Some(ServerName::DnsName(name)) if self.is_told => Some(name.as_ref().to_owned()),
            _ => None,
        }
    }
}

/// Plaintext that the owner of the connection has not read yet.
#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    read: usize,
    ended: bool,
}

impl Received {
    /// What is kept of the buffer once it is empty.
    const KEPT: usize = 1024;

    /// Empties `connection`'s own buffer, which has to be done before it takes more.
    fn take_from(&mut self, connection: &mut Connection, state: &IoState) {
        let (start, size) = (self.bytes.len(), state.plaintext_bytes_to_read());
        if size > 0 {
            self.bytes.resize(start + size, 0);
            let read = io::Read::read(&mut connection.reader(), &mut self.bytes[start..]);
            self.bytes.truncate(start + read.unwrap_or_default());
        }
        self.ended |= state.peer_has_closed();
    }

    /// Takes what was decrypted before a fault.
    fn rescue(&mut self, connection: &mut Connection) {
        // Ends in an error, since the end of the peer's data is not known to be right.
        let _ = io::Read::read_to_end(&mut connection.reader(), &mut self.bytes);
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.read..]
    }

    fn consume(&mut self, size: usize) {
        self.read = self.bytes.len().min(self.read + size);
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(Self::KEPT);
            self.read = 0;
        }
    }
}
