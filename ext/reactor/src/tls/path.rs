//! What is asked of a path besides sound signatures and names: RFC 5280 section 6.1 for every
//! certificate of it, the trusted one too, as OpenSSL does.

use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::der::Certificate;
use super::extensions::Extensions;
use super::params::Role;
use super::refusal::refusal;
use super::subject::Constraints;

/// One certificate of a path.
struct Link<'a> {
    certificate: Certificate<'a>,
    extensions: Extensions<'a>,
}

impl<'a> Link<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, CertificateError> {
        let certificate = Certificate::parse(der).ok_or(CertificateError::BadEncoding)?;
        let extensions =
            Extensions::parse(certificate.extensions).ok_or(CertificateError::BadEncoding)?;
        Ok(Self {
            certificate,
            extensions,
        })
    }

    fn is_self_issued(&self) -> bool {
        self.certificate.issuer == self.certificate.subject
    }

    /// Version 1 has no way to say that somebody is an authority: its roots are taken at their
    /// owner's word.
    fn is_authority(&self, trusted: bool) -> bool {
        match &self.extensions.basic_constraints {
            Some(constraints) => constraints.is_ca,
            None => trusted && self.certificate.version == 1 && self.is_self_issued(),
        }
    }

    /// Whether authorityKeyIdentifier means `issuer`, as far as it says.
    fn names_as_issuer(&self, issuer: &Self) -> bool {
        let Some(authority) = &self.extensions.authority else {
            return true;
        };
        let same_key = match (authority.key_identifier, issuer.extensions.key_identifier) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        let same_serial = authority
            .serial
            .is_none_or(|serial| serial == issuer.certificate.serial);
        same_key && same_serial
    }
}

/// Checks a path from the peer's own certificate up to the one that is trusted.
pub(super) fn check(
    path: &[&[u8]],
    peer: Role,
    now: UnixTime,
    revocable: bool,
) -> Result<(), CertificateError> {
    let links: Vec<Link<'_>> = path
        .iter()
        .map(|der| Link::parse(der))
        .collect::<Result<_, _>>()?;
    for link in &links {
        check_any(link, now)?;
    }
    let Some((own, issuers)) = links.split_first() else {
        return Err(CertificateError::UnknownIssuer);
    };
    check_own(own, peer)?;
    for (index, issuer) in issuers.iter().enumerate() {
        let trusted = index + 1 == issuers.len();
        check_issuer(issuer, peer, trusted)?;
        check_length(issuer, &issuers[..index])?;
        if !links[index].names_as_issuer(issuer) {
            return Err(refusal(
                "the certificate names another issuer than the one of that name (authorityKeyIdentifier)",
            ));
        }
        if revocable && !issuer.extensions.may_sign_revocation_lists() {
            return Err(refusal(
                "an issuer of the certificate may not sign revocation lists (keyUsage)",
            ));
        }
        check_names(issuer, &links[..=index])?;
    }
    Ok(())
}

fn check_any(link: &Link<'_>, now: UnixTime) -> Result<(), CertificateError> {
    within_lifetime(&link.certificate, now)?;
    if link.extensions.has_unknown_critical {
        return Err(refusal(
            "the certificate has a critical extension that is not known here",
        ));
    }
    if link.extensions.is_proxy {
        return Err(refusal("proxy certificates are not accepted"));
    }
    Ok(())
}

fn check_own(own: &Link<'_>, peer: Role) -> Result<(), CertificateError> {
    if !own.extensions.may_authenticate(peer) {
        return Err(refusal("the certificate's key is not for TLS (keyUsage)"));
    }
    if !own.extensions.is_for(peer) {
        return Err(refusal(match peer {
            Role::Server => "the certificate is not for servers (extendedKeyUsage)",
            Role::Client => "the certificate is not for clients (extendedKeyUsage)",
        }));
    }
    Ok(())
}

/// The names that the path's other checks do not see.
fn check_names(issuer: &Link<'_>, below: &[Link<'_>]) -> Result<(), CertificateError> {
    let Some(contents) = issuer.extensions.name_constraints else {
        return Ok(());
    };
    let constraints = Constraints::parse(contents).ok_or(CertificateError::BadEncoding)?;
    let allowed = |link: &Link<'_>| constraints.allow_subject(link.certificate.subject);
    let own_allowed = below.first().is_none_or(|own| {
        let names = own.extensions.alternative_names;
        constraints.allow_common_name(own.certificate.subject, names)
    });
    match own_allowed && below.iter().all(allowed) {
        true => Ok(()),
        false => Err(forbidden_name()),
    }
}

fn check_issuer(issuer: &Link<'_>, peer: Role, trusted: bool) -> Result<(), CertificateError> {
    if !issuer.is_authority(trusted) {
        return Err(refusal(
            "the certificate's issuer is no authority (basicConstraints)",
        ));
    }
    if !issuer.extensions.may_sign_certificates() {
        return Err(refusal(
            "the certificate's issuer may not sign certificates (keyUsage)",
        ));
    }
    if !issuer.extensions.is_for(peer) {
        return Err(refusal(match peer {
            Role::Server => "the certificate's issuer is not for servers (extendedKeyUsage)",
            Role::Client => "the certificate's issuer is not for clients (extendedKeyUsage)",
        }));
    }
    Ok(())
}

/// Certificates that an authority issues to itself, to change its key, do not count.
fn check_length(issuer: &Link<'_>, below: &[Link<'_>]) -> Result<(), CertificateError> {
    let limit = issuer
        .extensions
        .basic_constraints
        .as_ref()
        .and_then(|constraints| constraints.path_length);
    let length = below.iter().filter(|link| !link.is_self_issued()).count();
    match limit {
        Some(limit) if length > limit => Err(too_long()),
        _ => Ok(()),
    }
}

/// A name outside of what an issuer may vouch for, whoever finds it out.
pub(super) fn forbidden_name() -> CertificateError {
    refusal("the certificate has a name that an issuer may not give (nameConstraints)")
}

/// More certificates than an issuer allows, whoever finds it out.
pub(super) fn too_long() -> CertificateError {
    refusal("the chain has more certificates than an issuer allows (pathLenConstraint)")
}

fn within_lifetime(certificate: &Certificate<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let at = |seconds: i64| {
        let seconds = u64::try_from(seconds).unwrap_or_default();
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    };
    let (not_before, not_after) = (at(certificate.not_before), at(certificate.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext {
            time: now,
            not_before,
        });
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext {
            time: now,
            not_after,
        });
    }
    Ok(())
}
