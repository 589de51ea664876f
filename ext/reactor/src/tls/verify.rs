//! What a handshake makes sure of: that the peer holds the key of the certificate it presents,
//! and, where trust is given, that the certificate is to be believed.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as RustlsError,
    PeerMisbehaved, SignatureScheme,
};

use super::der::Certificate;
use super::dhe;
use super::error::Error;
use super::provider;
use super::trust::Trust;

/// Checks servers, for clients.
#[derive(Debug)]
pub(super) struct Servers {
    trust: Option<TrustedServers>,
}

#[derive(Debug)]
struct TrustedServers {
    chains: Option<Arc<WebPkiServerVerifier>>,
    given: Given,
}

impl Servers {
    /// Believes `trust`, or any certificate where there is none.
    pub(super) fn new(trust: Option<Trust>) -> Result<Self, Error> {
        let trust = match trust {
            Some(trust) => Some(TrustedServers {
                chains: match trust.roots.is_empty() {
                    true => None,
                    false => {
                        let builder = WebPkiServerVerifier::builder_with_provider(
                            trust.roots,
                            Arc::clone(provider::base()),
                        )
                        .with_crls(trust.revocation_lists)
                        .enforce_revocation_expiration();
                        Some(builder.build().map_err(bad_trust)?)
                    }
                },
                given: Given(trust.given),
            }),
            None => None,
        };
        Ok(Self { trust })
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        let Some(trust) = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        if trust.given.hold(leaf) {
            within_lifetime(leaf, now)?;
            verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        match &trust.chains {
            Some(chains) => chains.verify_server_cert(leaf, issuers, name, ocsp_response, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        let valid = verify_tls12(message, leaf, signature)?;
        dhe::note_server_params(message)?;
        Ok(valid)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        verify_tls13(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

/// Checks clients, for servers.
#[derive(Debug)]
pub(super) struct Clients {
    trust: Option<TrustedClients>,
    mandatory: bool,
}

#[derive(Debug)]
struct TrustedClients {
    chains: Option<Arc<dyn ClientCertVerifier>>,
    given: Given,
}

impl Clients {
    /// Believes `trust`, or any certificate where there is none; `mandatory` refuses clients
    /// without one.
    pub(super) fn new(trust: Option<Trust>, mandatory: bool) -> Result<Self, Error> {
        let trust = match trust {
            Some(trust) => Some(TrustedClients {
                chains: match trust.roots.is_empty() {
                    true => None,
                    false => {
                        let builder = WebPkiClientVerifier::builder_with_provider(
                            trust.roots,
                            Arc::clone(provider::base()),
                        )
                        .with_crls(trust.revocation_lists)
                        .enforce_revocation_expiration();
                        Some(builder.build().map_err(bad_trust)?)
                    }
                },
                given: Given(trust.given),
            }),
            None => None,
        };
        Ok(Self { trust, mandatory })
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        match &self.trust {
            Some(TrustedClients {
                chains: Some(chains),
                ..
            }) => chains.root_hint_subjects(),
            _ => &[],
        }
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, RustlsError> {
        let Some(trust) = &self.trust else {
            return Ok(ClientCertVerified::assertion());
        };
        if trust.given.hold(leaf) {
            within_lifetime(leaf, now)?;
            return Ok(ClientCertVerified::assertion());
        }
        match &trust.chains {
            Some(chains) => chains.verify_client_cert(leaf, issuers, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        verify_tls12(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        verify_tls13(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

/// Certificates that are trusted by themselves, without an issuer: self-signed ones mostly, which
/// the chain's verifier refuses as leaves if they are marked as authorities.
#[derive(Debug)]
struct Given(Vec<CertificateDer<'static>>);

impl Given {
    fn hold(&self, leaf: &CertificateDer<'_>) -> bool {
        self.0.iter().any(|given| given.as_ref() == leaf.as_ref())
    }
}

fn within_lifetime(leaf: &CertificateDer<'_>, now: UnixTime) -> Result<(), RustlsError> {
    let certificate = parse(leaf)?;
    let at = |seconds: i64| {
        let seconds = u64::try_from(seconds).unwrap_or_default();
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    };
    let (not_before, not_after) = (at(certificate.not_before), at(certificate.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext {
            time: now,
            not_before,
        }
        .into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext {
            time: now,
            not_after,
        }
        .into());
    }
    Ok(())
}

fn bad_trust(error: rustls::server::VerifierBuilderError) -> Error {
    Error::BadTrust(error.to_string())
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    provider::base().signature_verification_algorithms
}

fn parse<'a>(leaf: &'a CertificateDer<'_>) -> Result<Certificate<'a>, RustlsError> {
    Certificate::parse(leaf).ok_or_else(|| CertificateError::BadEncoding.into())
}

/// In TLS 1.2 a scheme leaves the curve open, so that several algorithms may be meant.
fn verify_tls12(
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, RustlsError> {
    let certificate = parse(leaf)?;
    let algorithms = algorithms();
    let (_, candidates) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signature.scheme && is_tls12(*scheme))
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let algorithm = candidates
        .iter()
        .find(|algorithm| algorithm.public_key_alg_id().as_ref() == certificate.algorithm)
        .ok_or(CertificateError::BadSignature)?;
    match algorithm.verify_signature(certificate.public_key, message, signature.signature()) {
        Ok(()) => Ok(HandshakeSignatureValid::assertion()),
        Err(_) => Err(CertificateError::BadSignature.into()),
    }
}

fn is_tls12(scheme: SignatureScheme) -> bool {
    !matches!(
        scheme,
        SignatureScheme::ML_DSA_44 | SignatureScheme::ML_DSA_65 | SignatureScheme::ML_DSA_87
    )
}

fn verify_tls13(
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, RustlsError> {
    let key = SubjectPublicKeyInfoDer::from(parse(leaf)?.public_key_info);
    verify_tls13_signature_with_raw_key(message, &key, signature, &algorithms())
}
