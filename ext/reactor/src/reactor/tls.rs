//! TLS on connections.

use super::Reactor;
use crate::error::Result;
use crate::id::Id;
use crate::stream::Choice;
use crate::tls::{Parameters, Session};

impl Reactor {
    /// Sets what [`start_tls`](Self::start_tls) is to do for a connection.
    pub fn set_tls_parameters(&mut self, id: Id, parameters: Parameters) -> Result<()> {
        self.update_tls_parameters(id, |old| *old = parameters)
    }

    /// Changes what [`set_tls_parameters`](Self::set_tls_parameters) set.
    pub fn update_tls_parameters(
        &mut self,
        id: Id,
        change: impl FnOnce(&mut Parameters),
    ) -> Result<()> {
        let (descriptor, _) = self.descriptor_mut(id)?;
        let (stream, _) = descriptor.stream_parts("set_tls_parms")?;
        change(stream.parameters_mut());
        Ok(())
    }

    /// Names the host that a connection was made to: what its certificate is checked against where
    /// the parameters name no other.
    pub fn set_host(&mut self, id: Id, host: String) -> Result<()> {
        let (descriptor, _) = self.descriptor_mut(id)?;
        let (stream, _) = descriptor.stream_parts("set_host")?;
        stream.set_host(host);
        Ok(())
    }

    /// Has a connection go on under TLS: as server where it was accepted, else as client, unless
    /// its parameters name the role. What was sent before goes out as it is; what is sent from now
    /// on waits for the end of the handshake, for which
    /// [`Event::TlsEstablished`](crate::Event::TlsEstablished) stands.
    ///
    /// Where TLS runs already, nothing happens.
    pub fn start_tls(&mut self, id: Id) -> Result<()> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let (stream, base) = descriptor.stream_parts("start_tls")?;
        stream.start_tls(base, turn)
    }

    /// The answer to [`Event::TlsPeerCertificate`](crate::Event::TlsPeerCertificate): whether the
    /// handshake may go on.
    pub fn tls_verdict(&mut self, id: Id, accepted: bool) {
        self.with_stream(id, |stream, base, turn| {
            stream.verdict(base, turn, accepted);
        });
    }

    /// The answer to [`Event::TlsChooseCertificate`](crate::Event::TlsChooseCertificate). The
    /// connection ends where it cannot be used.
    pub fn tls_choice(&mut self, id: Id, choice: Choice) -> Result<()> {
        self.with_stream(id, |stream, base, turn| stream.choose(base, turn, choice))
            .unwrap_or(Ok(()))
    }

    /// The TLS session of a connection; `None` where it has none.
    pub fn tls_session(&self, id: Id) -> Result<Option<&Session>> {
        Ok(self.descriptor(id)?.as_stream().and_then(|s| s.session()))
    }
}
