//! The implementation underneath, in the states that a session can be in.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use rustls::{ClientConnection, Connection, Error as RustlsError, ServerConfig, ServerConnection};

use super::config::{Config, Hopeless};
use super::error::Error;

/// Alert for what is nobody's fault but ours (RFC 8446 section 6).
const INTERNAL_ERROR: u8 = 80;

pub(super) enum Engine {
    Rustls(Box<Connection>),
    /// Waits for the client's first message, by which the certificate is chosen.
    Greeting(Box<Greeting>),
    /// Fails by the client's first message.
    Hopeless(Hopeless),
    /// Has no more to do than to send what is left.
    Ended {
        output: Vec<u8>,
    },
}

#[derive(Default)]
pub(super) struct Greeting {
    acceptor: Acceptor,
    accepted: Option<Accepted>,
}

impl Engine {
    pub(super) fn new(
        config: Config,
        name: Option<&ServerName<'static>>,
        chooses: bool,
    ) -> Result<Self, Error> {
        let connection = match config {
            Config::Client(config) => {
                // Without a name this only fills a place: it is neither sent nor checked.
                let name = name
                    .cloned()
                    .unwrap_or(ServerName::from(Ipv4Addr::UNSPECIFIED));
                ClientConnection::new(config, name).map(Connection::Client)
            }
            Config::Server(_) if chooses => return Ok(Self::Greeting(Box::default())),
            Config::Server(config) => ServerConnection::new(config).map(Connection::Server),
            Config::Hopeless(kind) => return Ok(Self::Hopeless(kind)),
        };
        connection
            .map(Self::from)
            .map_err(|error| Error::Failed(error.to_string()))
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Rustls(connection) => Some(connection),
            _ => None,
        }
    }

    /// An end by our own fault, which the peer is told.
    pub(super) fn end(&mut self) {
        self.end_with_alert(INTERNAL_ERROR);
    }

    pub(super) fn end_with_alert(&mut self, alert: u8) {
        *self = Self::Ended {
            output: vec![21, 3, 3, 0, 2, 2, alert],
        };
    }

    pub(super) fn wants_output(&self) -> bool {
        match self {
            Self::Rustls(connection) => connection.wants_write(),
            Self::Ended { output } => !output.is_empty(),
            Self::Greeting(_) | Self::Hopeless(_) => false,
        }
    }

    pub(super) fn write_output(&mut self, out: &mut dyn io::Write) -> io::Result<usize> {
        match self {
            Self::Rustls(connection) => connection.write_tls(out),
            Self::Ended { output } => {
                let size = out.write(output)?;
                output.drain(..size);
                Ok(size)
            }
            Self::Greeting(_) | Self::Hopeless(_) => Ok(0),
        }
    }

    /// Goes on from the client's first message by what `config` holds.
    pub(super) fn greet(&mut self, config: Arc<ServerConfig>) -> Result<(), RustlsError> {
        let Self::Greeting(greeting) = self else {
            return Ok(());
        };
        let Some(accepted) = greeting.accepted.take() else {
            return Ok(());
        };
        match accepted.into_connection(config) {
            Ok(connection) => {
                *self = Self::from(Connection::Server(connection));
                Ok(())
            }
            Err((error, alert)) => {
                *self = Self::from(alert);
                Err(error)
            }
        }
    }

    /// Takes bytes before the client's first message is whole; `true` once it is.
    pub(super) fn await_greeting(&mut self, bytes: &mut &[u8]) -> Result<bool, RustlsError> {
        let Self::Greeting(greeting) = self else {
            return Ok(false);
        };
        if let Err(error) = greeting.acceptor.read_tls(bytes) {
            return Err(RustlsError::General(error.to_string()));
        }
        match greeting.acceptor.accept() {
            Ok(accepted) => {
                greeting.accepted = accepted;
                Ok(greeting.accepted.is_some())
            }
            Err((error, alert)) => {
                *self = Self::from(alert);
                Err(error)
            }
        }
    }

    /// The host name in the client's first message.
    pub(super) fn greeted_name(&self) -> Option<String> {
        match self {
            Self::Greeting(greeting) => {
                let hello = greeting.accepted.as_ref()?.client_hello();
                hello.server_name().map(str::to_owned)
            }
            _ => None,
        }
    }
}

impl From<Connection> for Engine {
    fn from(mut connection: Connection) -> Self {
        // The owner of the connection sees to it that not too much is queued.
        connection.set_buffer_limit(None);
        Self::Rustls(Box::new(connection))
    }
}

impl From<AcceptedAlert> for Engine {
    fn from(mut alert: AcceptedAlert) -> Self {
        let mut output = Vec::new();
        // Writing to a vector does not fail.
        let _ = alert.write_all(&mut output);
        Self::Ended { output }
    }
}
