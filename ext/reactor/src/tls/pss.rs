//! RSA keys that are for RSASSA-PSS only (RFC 8446 section 4.2.3, `rsa_pss_pss_*`), which rustls
//! does not come with. By TLS 1.3 only: the suites of TLS 1.2 name the signatures that go with
//! them.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, PrivatePkcs1KeyDer,
    SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, alg_id,
};
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use super::der::Reader;
use super::provider;
use super::tag;

/// The contents of a key's AlgorithmIdentifier without parameters.
const IDENTIFIER: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];

/// A scheme for such keys.
#[derive(Debug)]
struct Scheme {
    name: SignatureScheme,
    /// The scheme by which keys for anything make the same signatures.
    general: SignatureScheme,
    /// How certificates say so, and keys that are limited to it.
    identifier: AlgorithmIdentifier,
}

static SCHEMES: [Scheme; 3] = [
    Scheme {
        name: SignatureScheme::Unknown(0x0809),
        general: SignatureScheme::RSA_PSS_SHA256,
        identifier: alg_id::RSA_PSS_SHA256,
    },
    Scheme {
        name: SignatureScheme::Unknown(0x080a),
        general: SignatureScheme::RSA_PSS_SHA384,
        identifier: alg_id::RSA_PSS_SHA384,
    },
    Scheme {
        name: SignatureScheme::Unknown(0x080b),
        general: SignatureScheme::RSA_PSS_SHA512,
        identifier: alg_id::RSA_PSS_SHA512,
    },
];

impl Scheme {
    /// Whether a key with this AlgorithmIdentifier may sign by it.
    fn fits(&self, algorithm: &[u8]) -> bool {
        algorithm == IDENTIFIER || algorithm == self.identifier.as_ref()
    }
}

/// Whether an AlgorithmIdentifier with these contents is of such a key.
pub(super) fn is_of(algorithm: &[u8]) -> bool {
    algorithm.starts_with(IDENTIFIER)
}

/// The schemes' names, to be offered.
pub(super) fn schemes() -> impl Iterator<Item = SignatureScheme> {
    SCHEMES.iter().map(|scheme| scheme.name)
}

/// What checks signatures by a scheme of this name; `None` for all others, and where the key with
/// this AlgorithmIdentifier may not sign by it.
pub(super) fn verifier(
    name: SignatureScheme,
    algorithm: &[u8],
) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let scheme = SCHEMES.iter().find(|scheme| scheme.name == name)?;
    general_verifier(scheme).filter(|_| scheme.fits(algorithm))
}

fn general_verifier(scheme: &Scheme) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let all = provider::base().signature_verification_algorithms.all;
    all.iter()
        .find(|algorithm| algorithm.signature_alg_id() == scheme.identifier)
        .copied()
}

/// What checks the signatures of certificates: all that the cryptography in use has, and these.
pub(super) fn all_verifiers() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    static ALL: OnceLock<Vec<&'static dyn SignatureVerificationAlgorithm>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = provider::base()
            .signature_verification_algorithms
            .all
            .to_vec();
        for verifier in SCHEMES.iter().filter_map(general_verifier) {
            all.push(Box::leak(Box::new(OfIssuer(verifier))));
        }
        all
    })
}

/// Checks signatures by issuers with such keys.
#[derive(Debug)]
struct OfIssuer(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for OfIssuer {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.0.verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::from_slice(IDENTIFIER)
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

/// Loads the PKCS#8 of a key for a certificate with this AlgorithmIdentifier.
pub(super) fn load(der: &[u8], algorithm: &[u8]) -> Option<Arc<dyn SigningKey>> {
    let mut info = Reader(Reader(der).take(tag::SEQUENCE)?);
    info.take(tag::INTEGER)?;
    is_of(info.take(tag::SEQUENCE)?).then_some(())?;
    let inner = PrivatePkcs1KeyDer::from(info.take(tag::OCTET_STRING)?.to_vec());
    let loader = provider::base().key_provider;
    let general = loader.load_private_key(PrivateKeyDer::Pkcs1(inner)).ok()?;
    Some(Arc::new(Key {
        general,
        schemes: SCHEMES
            .iter()
            .filter(|scheme| scheme.fits(algorithm))
            .collect(),
    }))
}

#[derive(Debug)]
struct Key {
    general: Arc<dyn SigningKey>,
    schemes: Vec<&'static Scheme>,
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let mut usable = self.schemes.iter();
        let scheme = usable.find(|scheme| offered.contains(&scheme.name))?;
        Some(Box::new(Named {
            signer: self.general.choose_scheme(&[scheme.general])?,
            name: scheme.name,
        }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.general.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

/// Signs under another name.
#[derive(Debug)]
struct Named {
    signer: Box<dyn Signer>,
    name: SignatureScheme,
}

impl Signer for Named {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.signer.sign(message)
    }

    fn scheme(&self) -> SignatureScheme {
        self.name
    }
}
