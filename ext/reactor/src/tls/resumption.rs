//! Which sessions a client resumes.

use std::fmt;
use std::sync::Arc;

use rustls::NamedGroup;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;

/// Servers whose sessions are remembered.
const SERVERS: usize = 256;

/// Resumes TLS 1.3 sessions only.
///
/// A resumed TLS 1.2 handshake ends at the client first. Applications that close as soon as it is
/// done count on the server's being done by then, as it is in a full one.
pub(super) fn tls13_only() -> Resumption {
    Resumption::store(Arc::new(Tls13Only(ClientSessionMemoryCache::new(SERVERS))))
}

struct Tls13Only(ClientSessionMemoryCache);

impl fmt::Debug for Tls13Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls13Only")
    }
}

impl ClientSessionStore for Tls13Only {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(server)
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(server)
    }
}
