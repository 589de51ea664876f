//! What a handshake makes sure of: that the peer holds the key of the certificate it presents,
//! and, where trust is given, that the certificate is to be believed.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as RustlsError,
    PeerMisbehaved, SignatureScheme,
};

use super::chain::{Chains, bad_signature, check_name};
use super::der::Certificate;
use super::dhe;
use super::params::Role;
use super::provider;
use super::pss;
use super::refusal::refusal;
use super::trust::Trust;

/// Checks servers, for clients; any certificate is believed where no trust is given.
#[derive(Debug)]
pub(super) struct Servers(Option<Chains>);

impl Servers {
    pub(super) fn new(trust: Option<Trust>) -> Self {
        Self(trust.map(|trust| Chains::new(trust, Role::Server)))
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        if let Some(chains) = &self.0 {
            chains.check(leaf, issuers, now)?;
            check_name(leaf, name)?;
        }
        Ok(ServerCertVerified::assertion())
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
        supported_schemes()
    }
}

/// Checks clients, for servers; any certificate is believed where no trust is given.
#[derive(Debug)]
pub(super) struct Clients {
    chains: Option<Chains>,
    subjects: Vec<DistinguishedName>,
    mandatory: bool,
}

impl Clients {
    /// `mandatory` refuses clients without a certificate.
    pub(super) fn new(trust: Option<Trust>, mandatory: bool) -> Self {
        let chains = trust.map(|trust| Chains::new(trust, Role::Client));
        Self {
            subjects: chains.as_ref().map(Chains::subjects).unwrap_or_default(),
            chains,
            mandatory,
        }
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, RustlsError> {
        if let Some(chains) = &self.chains {
            chains.check(leaf, issuers, now)?;
        }
        Ok(ClientCertVerified::assertion())
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
        supported_schemes()
    }
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    provider::base().signature_verification_algorithms
}

fn supported_schemes() -> Vec<SignatureScheme> {
    let mut schemes = algorithms().supported_schemes();
    schemes.extend(pss::schemes());
    schemes
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
        .ok_or_else(|| refusal("the certificate's key is of a kind that is not supported"))?;
    match algorithm.verify_signature(certificate.public_key, message, signature.signature()) {
        Ok(()) => Ok(HandshakeSignatureValid::assertion()),
        Err(_) => Err(bad_signature(&certificate).into()),
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
    let certificate = parse(leaf)?;
    if let Some(algorithm) = pss::verifier(signature.scheme, certificate.algorithm) {
        return match algorithm.verify_signature(
            certificate.public_key,
            message,
            signature.signature(),
        ) {
            Ok(()) => Ok(HandshakeSignatureValid::assertion()),
            Err(_) => Err(bad_signature(&certificate).into()),
        };
    }
    let key = SubjectPublicKeyInfoDer::from(certificate.public_key_info);
    verify_tls13_signature_with_raw_key(message, &key, signature, &algorithms()).map_err(|error| {
        match error {
            RustlsError::InvalidCertificate(CertificateError::BadSignature) => {
                bad_signature(&certificate).into()
            }
            error => error,
        }
    })
}
