//! What a client checks the server's certificate against.

use rustls::pki_types::ServerName;

use super::error::Error;
use super::params::Parameters;

/// What a client knows of the server's name.
pub(super) struct Peer {
    pub(super) name: Option<ServerName<'static>>,
    pub(super) is_told: bool,
}

impl Peer {
    pub(super) const ANY_CLIENT: Self = Self {
        name: None,
        is_told: false,
    };

    pub(super) fn of(params: &Parameters) -> Result<Self, Error> {
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
    pub(super) fn sent(&self) -> Option<String> {
        match &self.name {
            Some(ServerName::DnsName(name)) if self.is_told => Some(name.as_ref().to_owned()),
            _ => None,
        }
    }
}
