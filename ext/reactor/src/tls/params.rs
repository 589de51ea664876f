//! What a connection asks of TLS.

use std::fmt;
use std::path::PathBuf;

/// Bit of [`Parameters::protocols`] for TLS 1.2.
pub const PROTOCOL_TLS_1_2: u32 = 0x20;
/// Bit of [`Parameters::protocols`] for TLS 1.3.
pub const PROTOCOL_TLS_1_3: u32 = 0x40;

/// Which end of the connection a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that sends the first message.
    Client,
    /// The end that waits for it.
    Server,
}

/// What `start_tls` was asked for.
///
/// An empty path, text or PEM counts as not given.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// Which end to be; that which follows from who connected where it is not given.
    pub role: Option<Role>,
    /// Our key and certificate; a server without them uses a built-in pair.
    pub identity: Identity,
    /// Server: keys and certificates for the host names that clients ask for. A name may start
    /// with `*.`; the longest match is taken, [`Self::identity`] where there is none.
    pub certificates: Vec<(String, Identity)>,
    /// Server: ask for the key and certificate by [`SessionEvent::ChooseCertificate`].
    ///
    /// [`SessionEvent::ChooseCertificate`]: super::SessionEvent::ChooseCertificate
    pub choose_certificate: bool,
    /// Hand every certificate of the peer out as [`SessionEvent::VerifyPeer`]
    /// (server: ask the client for one).
    ///
    /// [`SessionEvent::VerifyPeer`]: super::SessionEvent::VerifyPeer
    pub verify_peer: bool,
    /// Server, with [`Self::verify_peer`]: refuse a client that has no certificate.
    pub fail_if_no_peer_cert: bool,
    /// Client: the host name to ask for (RFC 6066). Not sent where it is no valid name.
    pub sni_hostname: Option<String>,
    /// Client: the host name or address that was connected to.
    pub server_name: Option<String>,
    /// TLS 1.2 cipher suites, in the language of `openssl-ciphers(1)`.
    pub cipher_list: Option<String>,
    /// Server: the only curve to exchange keys on.
    pub ecdh_curve: Option<String>,
    /// Server: a PEM file of Diffie-Hellman parameters for the DHE suites of TLS 1.2, instead of
    /// RFC 7919's that fit its key.
    pub dhparam: Option<PathBuf>,
    /// Union of the `EM_PROTO_*` bits; zero means every supported protocol.
    pub protocols: u32,
    /// Check the peer's chain, dates and (client) host name.
    pub verify: bool,
    /// Trust anchors in a PEM file, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Trust anchors in the PEM files of a directory, instead of the system's.
    pub ca_path: Option<PathBuf>,
    /// Trust anchors as PEM, instead of the system's.
    pub ca: Option<Vec<u8>>,
    /// Certificate revocation lists in a PEM file, for every issuer of the chain.
    pub crl_file: Option<PathBuf>,
    /// Application protocols in order of preference (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    /// Append the session's secrets to the file that `SSLKEYLOGFILE` names.
    pub keylog: bool,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("identity", &self.identity)
            .field("verify_peer", &self.verify_peer)
            .field("verify", &self.verify)
            .field("sni_hostname", &self.sni_hostname)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

/// A private key and its certificate, each from a file or given as PEM.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// A PEM file that holds the key.
    pub private_key_file: Option<PathBuf>,
    /// The key as PEM; goes before the file.
    pub private_key: Option<Vec<u8>>,
    /// What the key is encrypted with.
    pub private_key_pass: Option<Vec<u8>>,
    /// A PEM file of our certificate and its issuers, in that order.
    pub cert_chain_file: Option<PathBuf>,
    /// Our certificate as PEM; goes before the file. Further certificates in it are not sent.
    pub cert: Option<Vec<u8>>,
}

/// Secrets are left out.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("private_key_file", &self.private_key_file)
            .field("cert_chain_file", &self.cert_chain_file)
            .finish_non_exhaustive()
    }
}
