//! Trusted certificates, and revoked ones.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::{CertificateDer, TrustAnchor};
use webpki::{CertRevocationList, OwnedCertRevocationList, anchor_from_trusted_cert};

use super::der::Certificate;
use super::error::Error;
use super::params::Role;
use super::pem;
use super::sources::{Stamped, TrustSource};

/// Whom to believe about a peer, and about whom no longer.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) anchors: Arc<Anchors>,
    pub(super) revocation_lists: Vec<CertRevocationList<'static>>,
}

/// Certificates that are trusted: what chains may end in, and what a peer may be itself.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    certificates: Vec<CertificateDer<'static>>,
    /// What chains may end in as far as names and keys go.
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    /// Which certificate each of them is of.
    origins: Vec<usize>,
}

impl Anchors {
    fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let (anchors, origins) = certificates
            .iter()
            .enumerate()
            .filter_map(|(index, der)| {
                let anchor = anchor_from_trusted_cert(der).ok()?;
                Some((anchor.to_owned(), index))
            })
            .unzip();
        Self {
            certificates,
            anchors,
            origins,
        }
    }

    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// The certificate that one of [`Self::anchors`] is of. Several may have the same name and key.
    pub(super) fn origin(&self, anchor: &TrustAnchor<'_>) -> Option<&CertificateDer<'static>> {
        let mut pairs = self.anchors.iter().zip(&self.origins);
        let (_, index) = pairs.find(|(own, _)| std::ptr::eq::<TrustAnchor<'_>>(*own, anchor))?;
        self.certificates.get(*index)
    }

    /// Whether this certificate is trusted itself.
    pub(super) fn hold(&self, der: &CertificateDer<'_>) -> bool {
        self.certificates
            .iter()
            .any(|own| own.as_ref() == der.as_ref())
    }
}

impl Trust {
    pub(super) fn load(role: Role, source: &TrustSource) -> Result<Self, Error> {
        let revocation_lists = match &source.revocation_lists {
            Some(file) => read_revocation_lists(file)?,
            None => Vec::new(),
        };
        if source.file.is_none() && source.directory.is_none() && source.pem.is_none() {
            return match role {
                Role::Client => Ok(Self {
                    anchors: system_anchors()?,
                    revocation_lists,
                }),
                Role::Server => Err(Error::BadTrust(
                    "a server that verifies its clients needs ca_file, ca_path or ca".into(),
                )),
            };
        }

        let mut given = Vec::new();
        if let Some(file) = &source.file {
            given.extend(read_certificates("ca_file", &file.path)?);
        }
        if let Some(directory) = &source.directory {
            given.extend(read_directory(&directory.path)?);
        }
        if let Some(text) = &source.pem {
            let found = pem::certificates(text).map_err(Error::BadTrust)?;
            given.extend(found.into_iter().map(CertificateDer::from));
        }
        if given.is_empty() {
            return Err(Error::BadTrust("no certificate in what was given".into()));
        }
        if given.iter().any(|der| Certificate::parse(der).is_none()) {
            return Err(Error::BadTrust(
                "malformed certificate in what was given".into(),
            ));
        }
        Ok(Self {
            anchors: Arc::new(Anchors::new(given)),
            revocation_lists,
        })
    }
}

/// What the system trusts, read once.
fn system_anchors() -> Result<Arc<Anchors>, Error> {
    static ANCHORS: Mutex<Option<Arc<Anchors>>> = Mutex::new(None);

    let mut kept = ANCHORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(anchors) = &*kept {
        return Ok(Arc::clone(anchors));
    }
    let found = rustls_native_certs::load_native_certs();
    let anchors = Anchors::new(found.certs);
    if anchors.anchors.is_empty() {
        let reason = match found.errors.first() {
            Some(error) => format!("the system's trust anchors cannot be read: {error}"),
            None => "the system has no trust anchors".into(),
        };
        return Err(Error::BadTrust(reason));
    }
    Ok(Arc::clone(kept.insert(Arc::new(anchors))))
}

fn read_certificates(
    parameter: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = fs::read(path).map_err(|error| Error::io(parameter, path, &error))?;
    let found = pem::certificates(&text)
        .map_err(|reason| Error::BadTrust(format!("{}: {reason}", path.display())))?;
    Ok(found.into_iter().map(CertificateDer::from).collect())
}

/// The certificates of every readable PEM file in a directory, without repetitions: hashed
/// directories name most files twice.
fn read_directory(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let entries = fs::read_dir(path).map_err(|error| Error::io("ca_path", path, &error))?;
    let mut found: Vec<CertificateDer<'static>> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| read_certificates("ca_path", &entry.path()).ok())
        .flatten()
        .collect();
    found.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    Ok(found)
}

fn read_revocation_lists(file: &Stamped) -> Result<Vec<CertRevocationList<'static>>, Error> {
    let text = fs::read(&file.path).map_err(|error| Error::io("crl_file", &file.path, &error))?;
    let bad = |reason: &str| Error::BadTrust(format!("{}: {reason}", file.path.display()));
    let lists = pem::revocation_lists(&text).map_err(|reason| bad(&reason))?;
    if lists.is_empty() {
        return Err(bad("no revocation list in it"));
    }
    lists
        .iter()
        .map(|der| match OwnedCertRevocationList::from_der(der) {
            Ok(list) => Ok(list.into()),
            Err(_) => Err(bad(
                "a revocation list that is malformed, or of a kind not supported",
            )),
        })
        .collect()
}
