//! What a turn of the loop has to tell.

use std::net::SocketAddr;

use crate::id::Id;
use crate::tls::Fault;

/// One thing that happened. The reactor gives them out one at a time and calls nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A timer came due; it is gone from the reactor.
    TimerFired(Id),
    /// A listener took a connection, which has the name `id` from now on.
    Accepted {
        /// The listener.
        listener: Id,
        /// The new connection.
        id: Id,
    },
    /// A connect succeeded.
    Connected(Id),
    /// So many bytes came in; they are at the start of the buffer given to
    /// [`Reactor::next_event`](crate::Reactor::next_event).
    Data {
        /// The connection.
        id: Id,
        /// How many bytes.
        len: usize,
    },
    /// Something that a datagram socket has sent did not get to its peer, or could not be sent.
    DatagramLost {
        /// The socket.
        id: Id,
        /// The system's error number.
        errno: i32,
    },
    /// The peer sends no more; [`Reactor::input_end_told`](crate::Reactor::input_end_told) is
    /// waited for. Only where [`Reactor::tell_input_ends`](crate::Reactor::tell_input_ends) was
    /// called.
    InputEnded(Id),
    /// Something comes in over a Unix socket for the first time:
    /// [`Reactor::take_descriptors`](crate::Reactor::take_descriptors) is called for one whose
    /// owner takes descriptors. Only where
    /// [`Reactor::offer_descriptors`](crate::Reactor::offer_descriptors) was called.
    DescriptorsOffered(Id),
    /// A descriptor came in, behind the bytes that were told before:
    /// [`Reactor::received_descriptor`](crate::Reactor::received_descriptor) gives it.
    DescriptorReceived(Id),
    /// So much waits to be written as was set by
    /// [`Reactor::set_outbound_limits`](crate::Reactor::set_outbound_limits).
    OutboundFull(Id),
    /// What waited is written down to the lower limit.
    OutboundDrained(Id),
    /// A watched descriptor has urgent data.
    Urgent(Id),
    /// A watched descriptor is readable.
    Readable(Id),
    /// A watched descriptor is writable.
    Writable(Id),
    /// The descriptor that this one's data was passed on to is at its end.
    ProxyTargetUnbound(Id),
    /// As many bytes were passed on as were asked for.
    ProxyCompleted(Id),
    /// A watched process has ended; its `Unbound` follows.
    ProcessExited(Id),
    /// Something happened to a watched file.
    FileChanged {
        /// The watch.
        id: Id,
        /// What happened.
        change: FileChange,
    },
    /// A TLS handshake is done; comes before any data under it.
    TlsEstablished(Id),
    /// A client has said what host it wants, if it did;
    /// [`Reactor::tls_choice`](crate::Reactor::tls_choice) is waited for.
    TlsChooseCertificate {
        /// The connection.
        id: Id,
        /// The host's name.
        name: Option<String>,
    },
    /// A certificate of the peer waits for [`Reactor::tls_verdict`](crate::Reactor::tls_verdict).
    TlsPeerCertificate {
        /// The connection.
        id: Id,
        /// The certificate, as PEM.
        pem: String,
    },
    /// A name is resolved, or is not to be.
    Resolved {
        /// What [`Reactor::resolve`](crate::Reactor::resolve) returned.
        request: u64,
        /// The addresses, with port 0, in the system's order of preference (RFC 6724); or the
        /// resolver's words for why there are none.
        answer: Result<Vec<SocketAddr>, String>,
    },
    /// A descriptor is at its end. It stays open and known, and its getters answer, until
    /// [`Reactor::release`](crate::Reactor::release).
    Unbound {
        /// The descriptor.
        id: Id,
        /// Why, where it was not asked for and not the peer's orderly close.
        reason: Option<Reason>,
    },
}

/// What happened to a watched file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// A file that was not there when its watch began is there now.
    Created,
    /// Its permissions, owner, times or number of names changed.
    Attributes,
    /// Its contents changed, or those of a directory; or another file took its place, as happens
    /// when an editor saves it, and is watched from now on. Changes that follow on each other may
    /// be told as one, after the last of them. Where the system could not keep up with what
    /// happened, this is told of every watched file.
    Modified,
    /// It has another name. The watch goes on with it.
    Moved,
    /// It is gone. The watch ends: its `Unbound` event follows.
    Deleted,
}

/// Why a descriptor came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The system's error number: `ECONNRESET`, `ETIMEDOUT`, …
    Errno(i32),
    /// The host that it was to be connected to has no address: the resolver's words, and the name.
    Resolve(String),
    /// TLS failed; the session tells more.
    Tls(Fault),
}

impl Reason {
    /// What the system said; nothing where the error is not the system's.
    pub(crate) fn of(error: &std::io::Error) -> Option<Self> {
        error.raw_os_error().map(Self::Errno)
    }

    /// The kind of the system's error.
    pub(crate) fn io_kind(&self) -> Option<std::io::ErrorKind> {
        match self {
            Self::Errno(number) => Some(std::io::Error::from_raw_os_error(*number).kind()),
            Self::Resolve(_) | Self::Tls(_) => None,
        }
    }
}
