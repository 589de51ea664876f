//! Keys and certificate chains, and the built-in pair.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};

use super::algorithm::{key_fault, rsa_bits};
use super::der::{Certificate, public_key};
use super::error::Error;
use super::keys::private_key;
use super::params::Role;
use super::pem;
use super::provider;
use super::pss;
use super::sources::{IdentitySource, Sources};

/// The pair that a server without one of its own presents.
const DEFAULT_IDENTITY: &[u8] = include_bytes!("default.pem");

/// Loads a key and its chain; `None` where the source names neither.
pub(super) fn load(
    role: Role,
    source: &IdentitySource,
) -> Result<Option<Arc<CertifiedKey>>, Error> {
    let Some(chain) = &source.chain else {
        return match source.key {
            Some(_) => Err(Error::BadCertificate("a key needs one".into())),
            None => Ok(None),
        };
    };
    let pass = source.pass.as_deref();
    let key = match &source.key {
        Some(key) => private_key(key, pass)?
            .ok_or_else(|| Error::BadKey("no private key in the PEM given".into()))?,
        None => match (private_key(chain, pass)?, role) {
            (Some(key), _) => key,
            // A client that cannot prove its certificate goes without, as upstream does.
            (None, Role::Client) => return Ok(None),
            (None, Role::Server) => return Err(Error::BadKey("the certificate needs one".into())),
        },
    };
    let mut chain = pem::certificates(chain).map_err(Error::BadCertificate)?;
    if source.leaf_only {
        chain.truncate(1);
    }
    let leaf = chain
        .first()
        .ok_or_else(|| Error::BadCertificate("no certificate in the PEM given".into()))?;
    let leaf = Certificate::parse(leaf)
        .ok_or_else(|| Error::BadCertificate("malformed certificate".into()))?;
    let key = signing_key(key, &leaf)?;
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    Ok(Some(Arc::new(CertifiedKey::new(chain, key))))
}

fn signing_key(
    key: PrivateKeyDer<'static>,
    leaf: &Certificate<'_>,
) -> Result<Arc<dyn SigningKey>, Error> {
    let key = match pss::is_of(leaf.algorithm) {
        true => pss::load(key.secret_der(), leaf.algorithm),
        false => provider::base().key_provider.load_private_key(key).ok(),
    };
    let key = key.ok_or_else(|| Error::BadKey(key_fault(leaf)))?;
    let own = key.public_key();
    let matches = |own: &SubjectPublicKeyInfoDer<'_>| public_key(own) == Some(leaf.public_key);
    match own.as_ref().is_none_or(matches) {
        true => Ok(key),
        false => Err(Error::KeyMismatch),
    }
}

fn default_identity() -> Result<Arc<CertifiedKey>, Error> {
    static DEFAULT: OnceLock<Result<Arc<CertifiedKey>, Error>> = OnceLock::new();
    DEFAULT
        .get_or_init(|| {
            let source = IdentitySource {
                key: None,
                pass: None,
                chain: Some(DEFAULT_IDENTITY.to_vec()),
                leaf_only: false,
            };
            load(Role::Server, &source)?
                .ok_or_else(|| Error::BadCertificate("no built-in certificate".into()))
        })
        .clone()
}

/// Presents the certificate for the host name that a client asks for.
#[derive(Debug)]
pub(super) struct ByName {
    default: Arc<CertifiedKey>,
    names: HashMap<String, Arc<CertifiedKey>>,
    /// The size of the largest RSA key that was given; `None` where none was.
    pub(super) rsa_bits: Option<usize>,
}

impl ByName {
    pub(super) fn new(sources: &Sources) -> Result<Self, Error> {
        let mut names = HashMap::new();
        for (name, source) in &sources.certificates {
            let identity = load(Role::Server, source)?
                .ok_or_else(|| Error::BadCertificate(format!("none is given for {name}")))?;
            names.insert(name.to_ascii_lowercase(), identity);
        }
        let own = load(Role::Server, &sources.identity)?;
        let rsa_bits = own.iter().chain(names.values()).filter_map(key_size).max();
        let default = match own {
            Some(identity) => identity,
            None => default_identity()?,
        };
        Ok(Self {
            default,
            names,
            rsa_bits,
        })
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        if self.names.is_empty() {
            return None;
        }
        let name = name.to_ascii_lowercase();
        self.names.get(&name).or_else(|| {
            let (_, domain) = name.split_once('.')?;
            self.names.get(&format!("*.{domain}"))
        })
    }
}

fn key_size(identity: &Arc<CertifiedKey>) -> Option<usize> {
    rsa_bits(&Certificate::parse(identity.cert.first()?)?)
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.find(name));
        Some(Arc::clone(named.unwrap_or(&self.default)))
    }
}

/// Presents one certificate to whatever server asks, or none.
#[derive(Debug)]
pub(super) struct ToAnyServer(pub(super) Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for ToAnyServer {
    fn resolve(
        &self,
        _issuers: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_identity_is_sound() {
        assert!(default_identity().is_ok());
    }
}
