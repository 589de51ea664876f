use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use super::der::Certificate;
use super::error::Error;
use super::params::Role;
use super::pem;
use super::sources::{Stamped, TrustSource};

/// Whom to believe about a peer, and about whom no longer.
pub(super) struct Trust {
    /// What chains may end in.
    pub(super) roots: Arc<RootCertStore>,
    /// What the user gave as trusted: a peer may be one of these itself.
    pub(super) given: Vec<CertificateDer<'static>>,
    pub(super) revocation_lists: Vec<CertificateRevocationListDer<'static>>,
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
                    roots: system_roots()?,
                    given: Vec::new(),
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
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(given.iter().cloned());
        Ok(Self {
            roots: Arc::new(roots),
            given,
            revocation_lists,
        })
    }
}

/// The system's trust anchors, read once.
fn system_roots() -> Result<Arc<RootCertStore>, Error> {
    static ROOTS: Mutex<Option<Arc<RootCertStore>>> = Mutex::new(None);

    let mut kept = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(roots) = &*kept {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = match found.errors.first() {
            Some(error) => format!("the system's trust anchors cannot be read: {error}"),
            None => "the system has no trust anchors".into(),
        };
        return Err(Error::BadTrust(reason));
    }
    Ok(Arc::clone(kept.insert(Arc::new(roots))))
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

fn read_revocation_lists(
    file: &Stamped,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let text = fs::read(&file.path).map_err(|error| Error::io("crl_file", &file.path, &error))?;
    let bad = |reason: &str| Error::BadTrust(format!("{}: {reason}", file.path.display()));
    let lists = pem::revocation_lists(&text).map_err(|reason| bad(&reason))?;
    if lists.is_empty() {
        return Err(bad("no revocation list in it"));
    }
    Ok(lists
        .into_iter()
        .map(CertificateRevocationListDer::from)
        .collect())
}
