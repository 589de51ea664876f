//! Errors of TLS, and the faults that end a session.

use std::error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a [`Session`](super::Session) could not be made, or why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory that a parameter names cannot be read.
    Io {
        /// The parameter that names it, such as `private_key_file`.
        parameter: &'static str,
        /// The path as given.
        path: PathBuf,
        /// What kind of failure it is.
        kind: io::ErrorKind,
        /// The system's text for it.
        reason: String,
    },
    /// The private key is missing, malformed, of an unsupported kind or wrongly encrypted.
    BadKey(String),
    /// The private key is sound but belongs to another certificate.
    KeyMismatch,
    /// The certificate or chain holds no certificate, or a malformed one.
    BadCertificate(String),
    /// The elliptic curve's name is unknown.
    BadCurve(String),
    /// The Diffie-Hellman parameters are unreadable, malformed or too small.
    BadDhParam(String),
    /// The trust anchors or revocation lists are unusable.
    BadTrust(String),
    /// An application protocol's name is empty or longer than 255 bytes.
    BadAlpn(String),
    /// The peer is to be verified, but nothing says what it is called.
    NoServerName,
    /// The handshake or a record failed, by what the peer sent or by a verdict on it.
    Failed(String),
}

impl Error {
    pub(super) fn io(parameter: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io {
            parameter,
            path: path.to_owned(),
            kind: error.kind(),
            reason: error.to_string(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                parameter,
                path,
                reason,
                ..
            } => write!(f, "{parameter}: {}: {reason}", path.display()),
            Self::BadKey(reason) => write!(f, "private key: {reason}"),
            Self::KeyMismatch => f.write_str("private key: it does not belong to the certificate"),
            Self::BadCertificate(reason) => write!(f, "certificate: {reason}"),
            Self::BadCurve(name) => write!(f, "ecdh_curve: unknown curve name: {name}"),
            Self::BadDhParam(reason) => write!(f, "dhparam: {reason}"),
            Self::BadTrust(reason) => write!(f, "trust: {reason}"),
            Self::BadAlpn(reason) => write!(f, "alpn: {reason}"),
            Self::NoServerName => {
                f.write_str("verify: no host name is known to check the peer's certificate against")
            }
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl error::Error for Error {}

/// What kind of failure ended a [`Session`](super::Session).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Anything but the peer's certificate.
    Protocol,
    /// The certificate, or an issuer's, is past its time.
    Expired,
    /// The certificate's, or an issuer's, time has not come yet.
    NotYetValid,
    /// Nobody who is trusted vouches for the certificate.
    UnknownIssuer,
    /// The certificate is for other hosts.
    NameMismatch,
    /// The certificate, or an issuer's, was taken back.
    Revoked,
    /// The peer presented none.
    Missing,
    /// The certificate is not to be trusted for another reason.
    Untrusted,
}
