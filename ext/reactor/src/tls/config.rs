//! From parameters to configurations of rustls.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, KeyLogFile, ServerConfig, SupportedProtocolVersion};

use super::certificates::{self, ByName, ToAnyServer};
use super::ciphers;
use super::curves;
use super::dhe;
use super::error::Error;
use super::params::{PROTOCOL_TLS_1_2, PROTOCOL_TLS_1_3, Role};
use super::provider;
use super::resumption;
use super::sources::Sources;
use super::trust::Trust;
use super::verify::{Clients, Servers};

/// What sessions are started from.
#[derive(Clone)]
pub(super) enum Config {
    Client(Arc<ClientConfig>),
    Server(Arc<ServerConfig>),
    /// The parameters leave nothing to agree on.
    Hopeless(Hopeless),
}

/// Why no handshake can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hopeless {
    NoProtocol,
    NoCipher,
}

impl Hopeless {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NoProtocol => "none of the allowed protocols is supported (TLSv1.2, TLSv1.3 are)",
            Self::NoCipher => "none of the allowed cipher suites is supported",
        }
    }

    /// The alert that tells the peer (RFC 8446 section 6).
    pub(super) fn alert(self) -> u8 {
        match self {
            Self::NoProtocol => 70,
            Self::NoCipher => 40,
        }
    }
}

/// Builds the configuration that `sources` describe.
pub(super) fn build(sources: &Sources) -> Result<Config, Error> {
    if let Some(name) = sources
        .alpn
        .iter()
        .find(|name| name.is_empty() || name.len() > usize::from(u8::MAX))
    {
        return Err(Error::BadAlpn(format!(
            "a protocol's name has 1 to 255 bytes, not {}",
            name.len()
        )));
    }
    let versions = versions(sources.protocols);
    let trust = match &sources.trust {
        Some(trust) => Some(Trust::load(sources.role, trust)?),
        None => None,
    };
    match sources.role {
        Role::Client => client(sources, &versions, trust),
        Role::Server => server(sources, &versions, trust),
    }
}

fn client(
    sources: &Sources,
    versions: &[&'static SupportedProtocolVersion],
    trust: Option<Trust>,
) -> Result<Config, Error> {
    let provider = provider(sources, dhe::client_groups())?;
    let verifier = Arc::new(Servers::new(trust));
    let identity = certificates::load(Role::Client, &sources.identity)?;
    if let Some(hopeless) = hopeless(&provider, versions) {
        return Ok(Config::Hopeless(hopeless));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .map_err(|error| Error::Failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(ToAnyServer(identity)));
    config.enable_sni = sources.send_name;
    config.alpn_protocols.clone_from(&sources.alpn);
    config.resumption = if sources.resume {
        resumption::tls13_only()
    } else {
        Resumption::disabled()
    };
    if sources.keylog {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(Config::Client(Arc::new(config)))
}

fn server(
    sources: &Sources,
    versions: &[&'static SupportedProtocolVersion],
    trust: Option<Trust>,
) -> Result<Config, Error> {
    let ask = sources.verify_peer || trust.is_some();
    let mandatory = sources.fail_if_no_peer_cert || trust.is_some();
    let verifier = match ask {
        true => Arc::new(Clients::new(trust, mandatory)),
        false => WebPkiClientVerifier::no_client_auth(),
    };
    let resolver = ByName::new(sources)?;
    let provider = provider(sources, server_groups(sources, &resolver)?)?;
    if let Some(hopeless) = hopeless(&provider, versions) {
        return Ok(Config::Hopeless(hopeless));
    }
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .map_err(|error| Error::Failed(error.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols.clone_from(&sources.alpn);
    if !sources.resume {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    if sources.keylog {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(Config::Server(Arc::new(config)))
}

/// The groups for the DHE suites of a server: those asked for, or such as fit its key. With the
/// built-in key there are none, as ever.
fn server_groups(
    sources: &Sources,
    identities: &ByName,
) -> Result<Vec<&'static dyn SupportedKxGroup>, Error> {
    match (&sources.dhparam, identities.rsa_bits) {
        (Some(params), _) => dhe::server_groups(&params.path, &params.pem),
        (None, Some(bits)) => Ok(dhe::standard_groups(bits)),
        (None, None) => Ok(Vec::new()),
    }
}

fn provider(
    sources: &Sources,
    finite: Vec<&'static dyn SupportedKxGroup>,
) -> Result<CryptoProvider, Error> {
    let ciphers = match &sources.cipher_list {
        Some(list) => ciphers::select(list),
        None => ciphers::default_selection(),
    };
    let groups = match &sources.curve {
        Some(name) => vec![curves::by_name(name)?],
        None => provider::default_groups(),
    };
    Ok(provider::limited(&ciphers, groups, finite))
}

fn versions(protocols: u32) -> Vec<&'static SupportedProtocolVersion> {
    let mut versions = Vec::new();
    if protocols == 0 || protocols & PROTOCOL_TLS_1_3 != 0 {
        versions.push(&TLS13);
    }
    if protocols == 0 || protocols & PROTOCOL_TLS_1_2 != 0 {
        versions.push(&TLS12);
    }
    versions
}

fn hopeless(
    provider: &CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
) -> Option<Hopeless> {
    if versions.is_empty() {
        return Some(Hopeless::NoProtocol);
    }
    let usable = provider
        .cipher_suites
        .iter()
        .any(|suite| versions.contains(&suite.version()));
    (!usable).then_some(Hopeless::NoCipher)
}
