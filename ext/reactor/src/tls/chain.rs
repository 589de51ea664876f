//! Whether a peer's certificate is to be believed: webpki looks for a path of sound signatures to
//! one that is trusted, and every certificate of the path is then held to what it is for.

use std::cell::RefCell;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DistinguishedName};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationOptions,
    RevocationOptionsBuilder, VerifiedPath,
};

use super::algorithm;
use super::der::Certificate;
use super::explain::explain;
use super::names;
use super::params::Role;
use super::path;
use super::pss;
use super::refusal::refusal;
use super::trust::Trust;

/// Judges the certificates of peers of one role.
#[derive(Debug)]
pub(super) struct Chains {
    trust: Trust,
    peer: Role,
}

impl Chains {
    pub(super) fn new(trust: Trust, peer: Role) -> Self {
        Self { trust, peer }
    }

    /// The subjects of what is trusted.
    pub(super) fn subjects(&self) -> Vec<DistinguishedName> {
        let anchors = self.trust.anchors.anchors.iter();
        anchors
            .map(|anchor| DistinguishedName::in_sequence(&anchor.subject))
            .collect()
    }

    /// Checks a peer's own certificate, which comes with `issuers` in any order.
    ///
    /// A certificate that is trusted itself needs no issuer, unless one took it back.
    pub(super) fn check(
        &self,
        own: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        match self.find_path(own, issuers, now) {
            Err(CertificateError::Revoked) => Err(CertificateError::Revoked),
            Err(_) if self.trust.anchors.hold(own) => path::check(&[own], self.peer, now, false),
            found => found,
        }
    }

    fn find_path(
        &self,
        own: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        let end = match EndEntityCert::try_from(own) {
            Ok(end) => end,
            Err(error) => return Err(explain(&error, own, issuers, &self.trust.anchors)),
        };
        let usage = match self.peer {
            Role::Server => KeyUsage::server_auth(),
            Role::Client => KeyUsage::client_auth(),
        };
        let lists: Vec<&CertRevocationList<'_>> = self.trust.revocation_lists.iter().collect();
        let refused = RefCell::new(None);
        let verify_path = |path: &VerifiedPath<'_>| {
            self.check_path(path, now).map_err(|error| {
                refused.replace(Some(error));
                webpki::Error::UnknownIssuer
            })
        };
        let found = end.verify_for_usage(
            pss::all_verifiers(),
            &self.trust.anchors.anchors,
            issuers,
            now,
            usage,
            revocation(&lists),
            Some(&verify_path),
        );
        match found {
            Ok(_) => Ok(()),
            Err(error) => Err(refused
                .take()
                .unwrap_or_else(|| explain(&error, own, issuers, &self.trust.anchors))),
        }
    }

    fn check_path(&self, found: &VerifiedPath<'_>, now: UnixTime) -> Result<(), CertificateError> {
        let trusted = self
            .trust
            .anchors
            .origin(found.anchor())
            .ok_or(CertificateError::UnknownIssuer)?;
        let own = found.end_entity().der();
        let between: Vec<_> = found
            .intermediate_certificates()
            .map(|issuer| issuer.der())
            .collect();
        let ders: Vec<&[u8]> = std::iter::once(&own)
            .chain(&between)
            .chain(std::iter::once(trusted))
            .map(AsRef::as_ref)
            .collect();
        path::check(
            &ders,
            self.peer,
            now,
            !self.trust.revocation_lists.is_empty(),
        )
    }
}

/// Every certificate of a path needs a list of its issuer that is not out of date.
fn revocation<'a>(lists: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    let builder = builder.with_expiration_policy(ExpirationPolicy::Enforce);
    Some(builder.build())
}

/// Whether a server's certificate is for the host that is talked to.
pub(super) fn check_name(
    own: &CertificateDer<'_>,
    name: &ServerName<'_>,
) -> Result<(), CertificateError> {
    let certificate = Certificate::parse(own).ok_or(CertificateError::BadEncoding)?;
    let mismatch = |presented| CertificateError::NotValidForNameContext {
        expected: name.to_owned(),
        presented,
    };
    match EndEntityCert::try_from(own) {
        Ok(end) => end
            .verify_is_valid_for_subject_name(name)
            .map_err(|_| mismatch(names::hosts(&certificate))),
        // It has no place for names but the subject, where none is looked for.
        Err(_) if certificate.version == 1 => Err(mismatch(Vec::new())),
        Err(error) => Err(explain(&error, own, &[], &super::trust::Anchors::default())),
    }
}

/// What to say of a handshake that `own` did not sign as it should have.
pub(super) fn bad_signature(own: &Certificate<'_>) -> CertificateError {
    match algorithm::small_rsa(own) {
        Some(bits) => refusal(algorithm::too_small("the certificate", bits)),
        None => CertificateError::BadSignature,
    }
}
