//! What can go wrong, by cause.

use std::fmt;
use std::io;

use crate::outbox::MAX_DATAGRAM;

/// Where the manual has system calls; Windows has no such manual.
const SECTION: &str = if cfg!(windows) { "" } else { "(2)" };

/// The result of the calls of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call was refused. Faults of peers are never errors: they end in an `Unbound` event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The system refused: the call, what it was for, and the reason.
    System {
        /// The system call, as its manual page is named: `bind`, `connect`, …
        call: &'static str,
        /// The address, path or descriptor that it was for.
        subject: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A name could not be resolved: the name and the resolver's reason.
    Resolve {
        /// The name as it was given.
        host: String,
        /// The text of `gai_strerror(3)`.
        reason: String,
    },
    /// The loop was stopped while a name was being resolved.
    Stopped,
    /// The port, as it was given, is no port number.
    InvalidPort(String),
    /// The path is longer than a Unix socket address can hold.
    PathTooLong(String),
    /// More bytes than a datagram can carry.
    DatagramTooLong(usize),
    /// The system knows no user of this name.
    UnknownUser(String),
    /// No descriptor has this name.
    UnknownId(u64),
    /// The descriptor is of a kind that cannot do this.
    WrongKind {
        /// The operation asked for.
        operation: &'static str,
        /// What it was asked of.
        kind: &'static str,
    },
    /// No descriptors can be passed over this connection.
    NoUnixSocket(String),
    /// There are as many descriptors or timers as there can be.
    Exhausted,
    /// There are as many timers as were allowed.
    TooManyTimers(usize),
    /// TLS cannot be started with these parameters.
    Tls(crate::tls::Error),
    /// This platform cannot do it.
    Unsupported(&'static str),
}

impl Error {
    pub(crate) fn system(
        call: &'static str,
        subject: impl Into<String>,
        source: io::Error,
    ) -> Self {
        Self::System {
            call,
            subject: subject.into(),
            source,
        }
    }

    /// The `errno` of the system's refusal, where there was one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::System { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }
}

impl Error {
    /// The reason alone, without what the call was for.
    pub fn reason(&self) -> String {
        match self {
            Self::System { source, .. } => describe(source),
            Self::Resolve { reason, .. } => reason.clone(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System {
                call,
                subject,
                source,
            } => {
                write!(f, "{} - {call}{SECTION} for {subject}", describe(source))
            }
            Self::Resolve { host, reason } => write!(f, "{reason} ({host:?})"),
            Self::Stopped => f.write_str("the event loop was stopped meanwhile"),
            Self::InvalidPort(port) => write!(f, "port {port} is not in 0..65535"),
            Self::PathTooLong(path) => write!(f, "unix-domain server name is too long: {path:?}"),
            Self::DatagramTooLong(size) => {
                write!(
                    f,
                    "a datagram of {size} bytes is longer than {MAX_DATAGRAM}"
                )
            }
            Self::UnknownUser(name) => write!(f, "unknown user {name:?}"),
            // A caller's negative number came here as its two's complement.
            Self::UnknownId(id) => write!(f, "unknown signature {}", *id as i64),
            Self::WrongKind { operation, kind } => write!(f, "{operation} is not for {kind}"),
            Self::NoUnixSocket(subject) => {
                write!(
                    f,
                    "send_io is for connections over Unix sockets, not {subject}"
                )
            }
            Self::Exhausted => f.write_str("no more signatures to give"),
            Self::TooManyTimers(_) => {
                f.write_str("ran out of timers; use #set_max_timers to increase limit")
            }
            Self::Tls(error) => error.fmt(f),
            Self::Unsupported(what) => write!(f, "{what} is not supported on this platform"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The system's text for an error, without the number that Rust appends to it.
pub(crate) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
