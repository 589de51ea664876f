//! What webpki finds wrong with a certificate, in plain words.

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use webpki::Error;

use super::algorithm;
use super::der::Certificate;
use super::path::{forbidden_name, too_long};
use super::refusal::refusal;
use super::trust::Anchors;

/// Says what is wrong with `own`, which came with `issuers`.
pub(super) fn explain(
    error: &Error,
    own: &CertificateDer<'_>,
    issuers: &[CertificateDer<'_>],
    anchors: &Anchors,
) -> CertificateError {
    match error {
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => CertificateError::BadEncoding,
        Error::CertExpired { time, not_after } => CertificateError::ExpiredContext {
            time: *time,
            not_after: *not_after,
        },
        Error::CertNotValidYet { time, not_before } => CertificateError::NotValidYetContext {
            time: *time,
            not_before: *not_before,
        },
        Error::InvalidCertValidity => CertificateError::Expired,
        Error::UnknownIssuer => CertificateError::UnknownIssuer,
        Error::CertRevoked => CertificateError::Revoked,
        Error::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        Error::CrlExpired { time, next_update } => CertificateError::ExpiredRevocationListContext {
            time: *time,
            next_update: *next_update,
        },
        Error::InvalidSignatureForPublicKey => bad_signature(issuers, anchors),
        Error::UnsupportedSignatureAlgorithmContext(context) => {
            refused_signature(&context.signature_algorithm_id, own)
        }
        Error::PathLenConstraintViolated => too_long(),
        Error::NameConstraintViolation => forbidden_name(),
        Error::UnsupportedCertVersion => version(own),
        error => refusal(reason(error)),
    }
}

fn reason(error: &Error) -> &'static str {
    match error {
        Error::CaUsedAsEndEntity => "the certificate is an authority's, which may not be a peer's",
        Error::EndEntityUsedAsCa => "the certificate's issuer is no authority (basicConstraints)",
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            "the certificate, or an issuer's, is for another purpose (extendedKeyUsage)"
        }
        Error::UnsupportedCriticalExtension => {
            "the certificate has a critical extension that is not known here"
        }
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "the certificate is signed with another kind of key than its issuer's"
        }
        Error::SignatureAlgorithmMismatch => "the certificate names two signature algorithms",
        Error::MaximumPathDepthExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => "the certificate's chain is too long",
        Error::ExtensionValueInvalid | Error::MalformedExtensions => {
            "the certificate has a malformed extension"
        }
        Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint
        | Error::MalformedDnsIdentifier
        | Error::UnsupportedNameType => "the certificate has a malformed name",
        Error::IssuerNotCrlSigner => {
            "an issuer of the certificate may not sign revocation lists (keyUsage)"
        }
        Error::InvalidCrlSignatureForPublicKey => "a revocation list's signature does not match",
        Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            "a revocation list is signed with an algorithm that is not supported"
        }
        _ => "the certificate is not valid",
    }
}

/// A signature that does not match, or one of a key that none is believed of.
fn bad_signature(issuers: &[CertificateDer<'_>], anchors: &Anchors) -> CertificateError {
    let small = issuers
        .iter()
        .chain(anchors.certificates())
        .filter_map(|der| Certificate::parse(der))
        .find_map(|certificate| algorithm::small_rsa(&certificate));
    match small {
        Some(bits) => refusal(algorithm::too_small("an issuer's certificate", bits)),
        None => CertificateError::BadSignature,
    }
}

fn refused_signature(algorithm: &[u8], own: &CertificateDer<'_>) -> CertificateError {
    let whose = match Certificate::parse(own) {
        Some(own) if own.signature_algorithm == algorithm => "the certificate",
        _ => "an issuer's certificate",
    };
    let name = algorithm::signature_name(algorithm);
    refusal(format!("{whose} is signed with {name}"))
}

fn version(own: &CertificateDer<'_>) -> CertificateError {
    match Certificate::parse(own) {
        Some(own) if own.version != 3 => refusal(format!(
            "the certificate is of X.509 version {}, not 3",
            own.version
        )),
        _ => refusal("an issuer's certificate is of another X.509 version than 3"),
    }
}
