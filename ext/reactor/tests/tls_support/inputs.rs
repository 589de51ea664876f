//! Files and texts that TLS is given: where the corpus of each kind is, and what is done with one.
//! Tests and targets of cargo-fuzz share this.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use em_reactor::tls::{Identity, Parameters, Role, Session};

use super::{Scratch, patience};

/// How long the use of one input may take. Deriving keys takes much longer where nothing is
/// optimized.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 10 });

/// A kind of input.
pub struct Kind {
    /// The directory of its corpus.
    pub corpus: &'static str,
    role: Role,
    parameters: Box<dyn Fn(Vec<u8>) -> Parameters>,
}

impl Kind {
    fn new(
        corpus: &'static str,
        role: Role,
        parameters: impl Fn(Vec<u8>) -> Parameters + 'static,
    ) -> Self {
        Self {
            corpus,
            role,
            parameters: Box::new(parameters),
        }
    }

    pub fn keys() -> Self {
        let certificate = corpus("certificates").swap_remove(1);
        Self::new("keys", Role::Server, move |key| {
            identity(key, certificate.clone())
        })
    }

    pub fn certificates() -> Self {
        let key = corpus("keys").remove(2);
        Self::new("certificates", Role::Server, move |certificate| {
            identity(key.clone(), certificate)
        })
    }

    pub fn trust() -> Self {
        Self::new("certificates", Role::Client, |ca| Parameters {
            ca: Some(ca),
            ..verifying()
        })
    }

    pub fn revocation_lists() -> Self {
        let scratch = Scratch::new();
        let authority = corpus("certificates").swap_remove(0);
        Self::new("lists", Role::Client, move |list| Parameters {
            ca: Some(authority.clone()),
            crl_file: Some(scratch.write("list.pem", list)),
            ..verifying()
        })
    }

    pub fn dh_parameters() -> Self {
        let scratch = Scratch::new();
        Self::new("dhparams", Role::Server, move |dhparam| Parameters {
            dhparam: Some(scratch.write("dhparam.pem", dhparam)),
            ..Parameters::default()
        })
    }

    /// In the corpus, each line is one.
    pub fn cipher_lists() -> Self {
        Self::new("ciphers", Role::Client, |list| Parameters {
            cipher_list: Some(String::from_utf8_lossy(&list).into_owned()),
            ..Parameters::default()
        })
    }

    /// All that are PEM.
    pub fn pem() -> [Self; 5] {
        [
            Self::keys(),
            Self::certificates(),
            Self::trust(),
            Self::revocation_lists(),
            Self::dh_parameters(),
        ]
    }

    /// Makes a session of an input: refused with a reason or used, and either soon.
    ///
    /// Returns whether it was used.
    pub fn judge(&self, input: &[u8]) -> bool {
        let started = Instant::now();
        let refused = Session::new(self.role, &(self.parameters)(input.to_vec())).err();
        let shown = || String::from_utf8_lossy(input);
        assert!(
            started.elapsed() < patience(LIMIT),
            "it took long: {}",
            shown()
        );
        if let Some(error) = &refused {
            assert!(!error.to_string().is_empty(), "no reason: {}", shown());
        }
        refused.is_none()
    }
}

fn identity(private_key: Vec<u8>, certificate: Vec<u8>) -> Parameters {
    Parameters {
        identity: Identity {
            private_key: Some(private_key),
            private_key_pass: Some(b"secret".to_vec()),
            cert: Some(certificate),
            ..Identity::default()
        },
        ..Parameters::default()
    }
}

fn verifying() -> Parameters {
    Parameters {
        verify: true,
        sni_hostname: Some("host.example".into()),
        ..Parameters::default()
    }
}

/// The files of one kind, in a stable order.
pub fn corpus(kind: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory(kind)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// By this file, since targets of cargo-fuzz are in another package.
fn directory(kind: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut found = root.map(|place| place.join("ext/reactor/tests/tls_corpus"));
    found.find(|path| path.is_dir()).unwrap().join(kind)
}
