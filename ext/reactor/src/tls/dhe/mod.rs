//! Key exchange over finite fields for TLS 1.2 (RFC 5246, RFC 7919), which rustls has a place for
//! but does not come with.

mod group;
mod power;

use std::cell::Cell;
use std::path::Path;
use std::sync::OnceLock;

use rustls::crypto::{
    ActiveKeyExchange, CipherSuiteCommon, KeyExchangeAlgorithm, SupportedKxGroup,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{
    CipherSuite, Error as RustlsError, NamedGroup, PeerIncompatible, ProtocolVersion,
    SupportedCipherSuite, Tls12CipherSuite,
};

use self::group::{Group, STANDARD};
use super::der;
use super::error::Error;
use super::pem::blocks;
use super::provider;

/// The client's name for whatever group the server picks: of RFC 7919's private range, and never
/// offered, so that the server is free in its choice.
const ANY: NamedGroup = NamedGroup::Unknown(0x01fc);

/// The groups of a server that exchanges keys by the parameters in a PEM file.
pub(super) fn server_groups(
    path: &Path,
    pem: &[u8],
) -> Result<Vec<&'static dyn SupportedKxGroup>, Error> {
    let bad = |reason: &str| Error::BadDhParam(format!("{}: {reason}", path.display()));
    let block = blocks(pem)
        .map_err(|reason| bad(&reason))?
        .into_iter()
        .find(|block| matches!(block.tag(), "DH PARAMETERS" | "X9.42 DH PARAMETERS"))
        .ok_or_else(|| bad("no Diffie-Hellman parameters in it"))?;
    let integers = der::leading_integers(block.contents()).unwrap_or_default();
    let [p, g, ..] = integers[..] else {
        return Err(bad("malformed Diffie-Hellman parameters"));
    };
    // A client may have offered any of the names. Each is answered with these parameters, as
    // servers older than RFC 7919 do.
    STANDARD
        .iter()
        .map(|named| match Group::intern(p, g, named.name()) {
            Ok(group) => Ok(group as &'static dyn SupportedKxGroup),
            Err(reason) => Err(bad(reason)),
        })
        .collect()
}

/// The groups of a server whose RSA key has so many bits, as strong as that one first, as OpenSSL
/// chooses; a client that offers groups gets one of those (RFC 7919 section 4).
pub(super) fn standard_groups(key_bits: usize) -> Vec<&'static dyn SupportedKxGroup> {
    let (weaker, stronger) = STANDARD.split_at(match key_bits {
        0..3072 => 0,
        3072..4096 => 1,
        4096..7680 => 2,
        _ => 4,
    });
    stronger
        .iter()
        .chain(weaker)
        .map(|group| group as &'static dyn SupportedKxGroup)
        .collect()
}

/// The group of a client, which takes what the server picks.
pub(super) fn client_groups() -> Vec<&'static dyn SupportedKxGroup> {
    vec![&AnyGroup]
}

/// The DHE suite called `name`, made of the ECDHE suite that shares all but the key exchange.
pub(super) fn suite(name: CipherSuite) -> Option<SupportedCipherSuite> {
    static SUITES: OnceLock<Vec<Tls12CipherSuite>> = OnceLock::new();
    SUITES
        .get_or_init(|| {
            [
                (
                    CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
                    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                ),
                (
                    CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                ),
                (
                    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
                    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                ),
            ]
            .into_iter()
            .filter_map(|(name, model)| exchange_by_dhe(name, model))
            .collect()
        })
        .iter()
        .find(|suite| suite.common.suite == name)
        .map(SupportedCipherSuite::from)
}

fn exchange_by_dhe(name: CipherSuite, model: CipherSuite) -> Option<Tls12CipherSuite> {
    let model = provider::base()
        .cipher_suites
        .iter()
        .find_map(|suite| match suite {
            SupportedCipherSuite::Tls12(suite) if suite.common.suite == model => Some(suite),
            _ => None,
        })?;
    Some(Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite: name,
            hash_provider: model.common.hash_provider,
            confidentiality_limit: model.common.confidentiality_limit,
        },
        prf_provider: model.prf_provider,
        kx: KeyExchangeAlgorithm::DHE,
        sign: model.sign,
        aead_alg: model.aead_alg,
    })
}

thread_local! {
    /// The group of the ServerKeyExchange whose signature this thread checked last.
    ///
    /// rustls checks the signature and looks the group up in one go, but shows the parameters to
    /// the signature's verifier only.
    static PICKED: Cell<Option<&'static Group>> = const { Cell::new(None) };
}

/// Notes the group of a ServerKeyExchange, if it has one.
///
/// `signed` is what the server signed (RFC 5246 section 7.4.3): two randoms of 32 bytes, then
/// for DHE the vectors p, g and the server's public key; those of ECDHE never have that shape.
pub(super) fn note_server_params(signed: &[u8]) -> Result<(), RustlsError> {
    let picked = match signed.get(64..).and_then(finite_field) {
        Some((p, g)) => {
            Some(Group::intern(p, g, ANY).map_err(|reason| RustlsError::General(reason.into()))?)
        }
        None => None,
    };
    PICKED.set(picked);
    Ok(())
}

fn finite_field(params: &[u8]) -> Option<(&[u8], &[u8])> {
    let (p, rest) = vector(params)?;
    let (g, rest) = vector(rest)?;
    let (_, rest) = vector(rest)?;
    rest.is_empty().then_some((p, g))
}

/// A vector with a length of two bytes, and what follows it.
fn vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    let length = u16::from_be_bytes([length[0], length[1]]);
    rest.split_at_checked(usize::from(length))
}

#[derive(Debug)]
struct AnyGroup;

impl SupportedKxGroup for AnyGroup {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, RustlsError> {
        match PICKED.get() {
            Some(group) => group.start(),
            None => Err(PeerIncompatible::NoKxGroupsInCommon.into()),
        }
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        PICKED.get().and_then(SupportedKxGroup::ffdhe_group)
    }

    fn name(&self) -> NamedGroup {
        ANY
    }

    fn usable_for_version(&self, _version: ProtocolVersion) -> bool {
        false
    }
}
