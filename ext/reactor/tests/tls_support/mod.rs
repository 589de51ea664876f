//! Two sessions that talk in memory, and certificates to give them.

#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::unwrap_used)]

pub mod hostile;
pub mod inputs;
#[path = "../common/patience.rs"]
mod patience;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use em_reactor::tls::{Error, Identity, Parameters, Role, Session, SessionEvent};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    DistinguishedName, DnType, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};

pub use patience::patience;

pub const TLS_1_2: u32 = em_reactor::tls::PROTOCOL_TLS_1_2;
pub const TLS_1_3: u32 = em_reactor::tls::PROTOCOL_TLS_1_3;

/// One end, with what its owner has seen so far.
pub struct End {
    pub session: Session,
    pub events: Vec<SessionEvent>,
    pub plaintext: Vec<u8>,
    pub error: Option<Error>,
    /// What to answer to certificates; in order, the last one for all that follow.
    pub verdicts: Vec<bool>,
}

impl End {
    pub fn new(role: Role, params: &Parameters) -> Self {
        Self {
            session: Session::new(role, params).expect("sound parameters"),
            events: Vec::new(),
            plaintext: Vec::new(),
            error: None,
            verdicts: vec![true],
        }
    }

    pub fn client(params: &Parameters) -> Self {
        Self::new(Role::Client, params)
    }

    pub fn server(params: &Parameters) -> Self {
        Self::new(Role::Server, params)
    }

    /// Feeds `bytes`, then sees to everything that follows from them.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Err(error) = self.session.receive(bytes) {
            self.error.get_or_insert(error);
        }
        self.drain();
    }

    pub fn drain(&mut self) {
        loop {
            while let Some(event) = self.session.next_event() {
                let judge = matches!(event, SessionEvent::VerifyPeer { .. });
                self.events.push(event);
                if judge {
                    let accepted = self.verdicts[0];
                    if self.verdicts.len() > 1 {
                        self.verdicts.remove(0);
                    }
                    self.session.verdict(accepted);
                }
            }
            let mut buf = [0; 1000];
            match self.session.read(&mut buf) {
                0 => return,
                size => self.plaintext.extend_from_slice(&buf[..size]),
            }
        }
    }

    pub fn output(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.session.take_output(&mut out);
        out
    }

    pub fn completed(&self) -> bool {
        self.events.contains(&SessionEvent::HandshakeCompleted)
    }

    pub fn shown(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                SessionEvent::VerifyPeer { pem } => Some(pem.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// Passes bytes to and fro, `step` at a time, until neither end has any.
pub fn converse(client: &mut End, server: &mut End, step: usize) {
    client.drain();
    server.drain();
    loop {
        let (to_server, to_client) = (client.output(), server.output());
        if to_server.is_empty() && to_client.is_empty() {
            return;
        }
        to_server.chunks(step).for_each(|part| server.feed(part));
        to_client.chunks(step).for_each(|part| client.feed(part));
    }
}

/// Two ends that have said all they have to say of themselves.
pub fn connect(client: &Parameters, server: &Parameters) -> (End, End) {
    let (mut client, mut server) = (End::client(client), End::server(server));
    converse(&mut client, &mut server, usize::MAX);
    (client, server)
}

/// A directory of its own for a test, gone after it.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("em-reactor-tls-{}-{count}", process::id()));
        fs::create_dir_all(&path).expect("a writable directory");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).expect("a writable file");
        path
    }

    /// Runs the `openssl` program here.
    pub fn openssl(&self, args: &str) {
        let output = Command::new("openssl")
            .args(args.split(' '))
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .expect("the openssl program");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {args}: {errors}");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let read: io::Result<_> = fs::read(self.path(name));
        read.expect("a file that was written")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A certificate authority.
pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

pub fn sub_authority(name: &str, issuer: &Authority) -> Authority {
    let key = KeyPair::generate().unwrap();
    CertifiedIssuer::signed_by(authority_params(name), key, issuer).unwrap()
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A key and its certificate for `hosts`.
pub struct Leaf {
    pub key: String,
    pub cert: String,
}

impl Leaf {
    pub fn issued(issuer: &Authority, hosts: &[&str]) -> Self {
        Self::issued_with(issuer, params("leaf", hosts))
    }

    pub fn issued_with(issuer: &Authority, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, issuer).unwrap();
        Self {
            key: key.serialize_pem(),
            cert: cert.pem(),
        }
    }

    pub fn self_signed(algorithm: &'static SignatureAlgorithm, hosts: &[&str]) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let cert = params("self-signed", hosts).self_signed(&key).unwrap();
        Self {
            key: key.serialize_pem(),
            cert: cert.pem(),
        }
    }

    pub fn identity(&self) -> Identity {
        Identity {
            private_key: Some(self.key.clone().into_bytes()),
            cert: Some(self.cert.clone().into_bytes()),
            ..Identity::default()
        }
    }

    pub fn params(&self) -> Parameters {
        Parameters {
            identity: self.identity(),
            ..Parameters::default()
        }
    }
}

/// A revocation list of `issuer` that names `serial`.
pub fn revocation_list(issuer: &Authority, serial: u64, next_year: i32) -> String {
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(next_year, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}

/// The same numbers on every run (xorshift).
pub struct Noise(pub u64);

impl Noise {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    pub fn bytes(&mut self, size: usize) -> Vec<u8> {
        (0..size).map(|_| self.below(256) as u8).collect()
    }
}
