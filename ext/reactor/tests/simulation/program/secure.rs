//! TLS between two connections of the program's.

use std::sync::OnceLock;

use em_reactor::tls::{Identity, Parameters};
use em_reactor::{Id, Reason};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, SerialNumber};

use super::Program;
use super::conn::Closing;
use crate::kernel::{self, State};

impl Program {
    /// Has a connection go on under TLS.
    pub(super) fn secure(&mut self, index: usize, as_server: bool) {
        let id = self.conns[index].id;
        self.trace(|| format!("{id:?} starts TLS"));
        if as_server {
            let known = self.reactor.set_tls_parameters(id, server_parameters());
            known.expect("a connection");
        }
        self.reactor.start_tls(id).expect("parameters that will do");
        self.conns[index].secure = true;
    }

    pub(super) fn established(&mut self, id: Id) -> usize {
        let index = self.expect_conn(id);
        let conn = &mut self.conns[index];
        assert!(conn.secure && !conn.established, "{id:?} is secured twice");
        conn.established = true;
        index
    }

    /// TLS fails only where the link or the other end does.
    pub(super) fn check_failure(&self, index: usize) {
        let conn = &self.conns[index];
        let Some((link, side)) = conn.link else {
            return;
        };
        let is_peer = |other: &&super::Conn| other.link == Some((link, 1 - side));
        let is_sound =
            |peer: &super::Conn| !peer.ended && !peer.detached && peer.closing == Closing::No;
        let peer_is_sound = self.conns.iter().find(is_peer).is_some_and(is_sound);
        kernel::with(|kernel| {
            let is_cut = |end: &kernel::End| end.state != State::Connected || !end.told.is_empty();
            let is_excused = kernel.links[link].ends.iter().any(is_cut);
            assert!(
                !peer_is_sound || is_excused,
                "{:?} fails under TLS",
                conn.id
            );
        });
    }

    /// What one has promised to send to the other has arrived when the other ends with it. The
    /// system counts sealed bytes, so only the ends tell.
    pub(super) fn check_sealed(&mut self, index: usize, reason: Option<&Reason>) {
        let conn = &self.conns[index];
        let (Some((link, side)), true) = (conn.link, conn.secure && conn.established) else {
            return;
        };
        let is_unwanted =
            conn.closing != Closing::No || conn.detached || conn.paused || conn.stopped;
        if reason.is_some() || is_unwanted || conn.proxy.is_some() {
            return;
        }
        let is_peer = |other: &&super::Conn| other.link == Some((link, 1 - side));
        let Some(peer) = self.conns.iter().find(is_peer) else {
            return;
        };
        let wire = &self.wires[peer.out];
        let has_promised = peer.closing == Closing::AfterWriting || peer.write_closed;
        let is_excused = peer.is_let_go() || peer.failed || !peer.timeout.is_zero() || wire.lossy;
        if !has_promised || is_excused || wire.source.is_some() {
            return;
        }
        kernel::with(|kernel| {
            let ends = &kernel.links[link].ends;
            let are_sound =
                |end: &kernel::End| end.told.is_empty() && end.state == State::Connected;
            if ends.iter().all(are_sound) {
                assert_eq!(wire.received, wire.offered, "{:?} has not got all", conn.id);
            }
        });
    }
}

/// A key whose signatures are all of one length, so that a seed gives the same run each time.
fn server_parameters() -> Parameters {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    let identity = IDENTITY.get_or_init(|| {
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        let mut params = CertificateParams::new(vec!["simulation".to_owned()]).expect("a name");
        params.serial_number = Some(SerialNumber::from(1));
        let cert = params.self_signed(&key).expect("a certificate");
        Identity {
            private_key: Some(key.serialize_pem().into_bytes()),
            cert: Some(cert.pem().into_bytes()),
            ..Identity::default()
        }
    });
    Parameters {
        identity: identity.clone(),
        ..Parameters::default()
    }
}
