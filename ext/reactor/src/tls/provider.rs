//! The cryptography underneath, and what of it one configuration may use.

use std::sync::{Arc, OnceLock};

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as backend;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as backend;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{CipherSuite, SupportedCipherSuite};

use super::ciphers::{Cipher, KeyExchange};
use super::curves;
use super::dhe;

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("one of the features `aws-lc-rs` and `ring` is needed");

/// Which cryptography is in use; where both are built in, aws-lc-rs.
pub(super) const IS_AWS_LC_RS: bool = cfg!(feature = "aws-lc-rs");

/// Everything that the cryptography in use offers.
pub(super) fn base() -> &'static Arc<CryptoProvider> {
    static BASE: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    BASE.get_or_init(|| Arc::new(backend::default_provider()))
}

/// The part of [`base()`] that a configuration is limited to.
///
/// `ciphers` limits TLS 1.2 only, in its order; `groups` are those of elliptic curves, `finite`
/// those for the DHE suites, which are left out where it is empty.
pub(super) fn limited(
    ciphers: &[&'static Cipher],
    groups: Vec<&'static dyn SupportedKxGroup>,
    finite: Vec<&'static dyn SupportedKxGroup>,
) -> CryptoProvider {
    let mut suites: Vec<SupportedCipherSuite> = base()
        .cipher_suites
        .iter()
        .filter(|suite| suite.tls13().is_some())
        .copied()
        .collect();
    suites.extend(
        ciphers
            .iter()
            .filter(|cipher| cipher.key_exchange == KeyExchange::Ecdhe || !finite.is_empty())
            .filter_map(|cipher| suite(cipher.suite)),
    );
    CryptoProvider {
        cipher_suites: suites,
        kx_groups: groups.into_iter().chain(finite).collect(),
        ..CryptoProvider::clone(base())
    }
}

/// The groups of elliptic curves to offer, best first; then what withstands quantum computers,
/// for servers that insist.
pub(super) fn default_groups() -> Vec<&'static dyn SupportedKxGroup> {
    let hybrid: &[&'static dyn SupportedKxGroup] = &[
        #[cfg(feature = "aws-lc-rs")]
        backend::kx_group::X25519MLKEM768,
    ];
    curves::classical().chain(hybrid.iter().copied()).collect()
}

/// The implementation of a TLS 1.2 cipher suite.
fn suite(name: CipherSuite) -> Option<SupportedCipherSuite> {
    base()
        .cipher_suites
        .iter()
        .find(|suite| suite.suite() == name)
        .copied()
        .or_else(|| dhe::suite(name))
}

pub(super) use backend::kx_group;
