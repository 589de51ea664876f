//! What both ends have agreed on.

use rustls::{Connection, HandshakeKind};

use super::Session;
use crate::tls::{ciphers, pem};

impl Session {
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
        match self.connection()? {
            Connection::Server(connection) => connection.server_name(),
            Connection::Client(_) => self.sent_name.as_deref(),
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

    fn cipher(&self) -> Option<rustls::CipherSuite> {
        Some(self.connection()?.negotiated_cipher_suite()?.suite())
    }
}
