//! What the files that parameters name hold now: what a configuration is built from, and what
//! tells whether one that was built before is still right.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::Error;
use super::params::{Identity, Parameters, Role};

/// A private key and its certificate as PEM.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct IdentitySource {
    pub(super) key: Option<Vec<u8>>,
    pub(super) pass: Option<Vec<u8>>,
    pub(super) chain: Option<Vec<u8>>,
    /// Whether `chain` ends with its first certificate.
    pub(super) leaf_only: bool,
}

impl IdentitySource {
    fn read(identity: &Identity) -> Result<Self, Error> {
        let leaf = text(identity.cert.as_ref());
        Ok(Self {
            key: match text(identity.private_key.as_ref()) {
                Some(key) => Some(key),
                None => read("private_key_file", identity.private_key_file.as_ref())?,
            },
            pass: text(identity.private_key_pass.as_ref()),
            leaf_only: leaf.is_some(),
            chain: match leaf {
                Some(leaf) => Some(leaf),
                None => read("cert_chain_file", identity.cert_chain_file.as_ref())?,
            },
        })
    }
}

/// A file of Diffie-Hellman parameters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct DhParamSource {
    pub(super) path: PathBuf,
    pub(super) pem: Vec<u8>,
}

/// Where trust comes from; files by what the system says of them, since they can be large.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct TrustSource {
    pub(super) file: Option<Stamped>,
    pub(super) directory: Option<Stamped>,
    pub(super) pem: Option<Vec<u8>>,
    pub(super) revocation_lists: Option<Stamped>,
}

/// A path and what identifies its state.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Stamped {
    pub(super) path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64, i64, i64),
}

impl Stamped {
    fn read(parameter: &'static str, path: Option<&PathBuf>) -> Result<Option<Self>, Error> {
        let Some(path) = given(path) else {
            return Ok(None);
        };
        let metadata = fs::metadata(path).map_err(|error| Error::io(parameter, path, &error))?;
        Ok(Some(Self {
            path: path.to_owned(),
            size: metadata.len(),
            modified: metadata.modified().ok(),
            identity: inode(&metadata),
        }))
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;

    (
        metadata.dev(),
        metadata.ino(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    )
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// Everything that makes one configuration differ from another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Sources {
    pub(super) role: Role,
    pub(super) identity: IdentitySource,
    pub(super) certificates: Vec<(String, IdentitySource)>,
    pub(super) verify_peer: bool,
    pub(super) fail_if_no_peer_cert: bool,
    /// Client: whether the peer's name is sent to it.
    pub(super) send_name: bool,
    /// Whether sessions may be taken up again.
    pub(super) resume: bool,
    pub(super) cipher_list: Option<String>,
    pub(super) curve: Option<String>,
    pub(super) dhparam: Option<DhParamSource>,
    pub(super) protocols: u32,
    pub(super) trust: Option<TrustSource>,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) keylog: bool,
}

impl Sources {
    /// Reads what `params` name; `named` says whether the peer is known by a name, `send_name`
    /// whether it is told it.
    pub(super) fn read(
        role: Role,
        params: &Parameters,
        named: bool,
        send_name: bool,
    ) -> Result<Self, Error> {
        let server = role == Role::Server;
        Ok(Self {
            role,
            identity: IdentitySource::read(&params.identity)?,
            certificates: match server {
                true => params
                    .certificates
                    .iter()
                    .map(|(name, identity)| Ok((name.clone(), IdentitySource::read(identity)?)))
                    .collect::<Result<_, Error>>()?,
                false => Vec::new(),
            },
            verify_peer: params.verify_peer,
            fail_if_no_peer_cert: params.fail_if_no_peer_cert,
            send_name,
            resume: !params.verify_peer && (server || named),
            cipher_list: text(params.cipher_list.as_ref()),
            curve: text(params.ecdh_curve.as_ref()).filter(|_| server),
            dhparam: match given(params.dhparam.as_ref()) {
                Some(path) if server => Some(read_dhparam(path)?),
                _ => None,
            },
            protocols: params.protocols,
            trust: match params.verify {
                true => Some(TrustSource {
                    file: Stamped::read("ca_file", params.ca_file.as_ref())?,
                    directory: Stamped::read("ca_path", params.ca_path.as_ref())?,
                    pem: text(params.ca.as_ref()),
                    revocation_lists: Stamped::read("crl_file", params.crl_file.as_ref())?,
                }),
                false => None,
            },
            alpn: params.alpn.clone(),
            keylog: params.keylog,
        })
    }
}

fn read_dhparam(path: &Path) -> Result<DhParamSource, Error> {
    match fs::read(path) {
        Ok(pem) => Ok(DhParamSource {
            path: path.to_owned(),
            pem,
        }),
        Err(error) => Err(Error::BadDhParam(format!("{}: {error}", path.display()))),
    }
}

fn read(parameter: &'static str, path: Option<&PathBuf>) -> Result<Option<Vec<u8>>, Error> {
    match given(path) {
        Some(path) => fs::read(path)
            .map(Some)
            .map_err(|error| Error::io(parameter, path, &error)),
        None => Ok(None),
    }
}

fn given(path: Option<&PathBuf>) -> Option<&Path> {
    path.map(PathBuf::as_path)
        .filter(|path| !path.as_os_str().is_empty())
}

fn text<T: AsRef<[u8]> + Clone>(value: Option<&T>) -> Option<T> {
    value.filter(|value| !value.as_ref().is_empty()).cloned()
}
