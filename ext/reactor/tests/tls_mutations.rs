//! Keys, certificates, revocation lists, parameters and cipher lists that are spoilt somewhere:
//! refused with a reason or used, never a panic. The corpus is in `tests/tls_corpus`; `FUZZ_SEED`
//! and `FUZZ_ROUNDS` are environment variables.

#![allow(clippy::unwrap_used, reason = "tests fail by panics")]

mod tls_support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use em_reactor::tls::{Identity, Parameters, Role, Session};
use pem::Pem;

use tls_support::{Noise, Scratch};

/// How long the use of one input may take. Deriving keys takes much longer where nothing is
/// optimized.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 10 });

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn directory(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls_corpus")
        .join(kind)
}

/// The files of one kind, in a stable order.
fn corpus(kind: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory(kind)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Changes some bytes, in a way that keeps most of the structure.
fn spoil(noise: &mut Noise, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=noise.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = noise.below(bytes.len());
        match noise.below(6) {
            0 => bytes[at] ^= 1 << noise.below(8),
            1 => bytes[at] = [0x00, 0x01, 0x7f, 0x80, 0x84, 0xff][noise.below(6)],
            2 => bytes.truncate(at),
            3 => drop(bytes.remove(at)),
            4 => {
                let size = noise.below(16);
                let extra = noise.bytes(size);
                bytes.splice(at..at, extra);
            }
            _ => {
                let end = (at + noise.below(40)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// PEM that is spoilt in its text, or in what that stands for.
fn spoilt_pem(noise: &mut Noise, text: &[u8]) -> Vec<u8> {
    let block = pem::parse(text).unwrap();
    if noise.below(4) == 0 || block.headers().iter().next().is_some() {
        return spoil(noise, text.to_vec());
    }
    let contents = spoil(noise, block.contents().to_vec());
    pem::encode(&Pem::new(block.tag(), contents)).into_bytes()
}

/// Gives spoilt inputs of one kind to sessions, whose parameters `with` makes of them.
fn assert_survives(kinds: &[&str], role: Role, with: impl Fn(Vec<u8>) -> Parameters) {
    let seed = number("FUZZ_SEED", 0x5eed);
    let mut noise = Noise(seed);
    let inputs: Vec<_> = kinds.iter().flat_map(|kind| corpus(kind)).collect();
    let is_used = |input: &Vec<u8>| Session::new(role, &with(input.clone())).is_ok();
    assert!(inputs.iter().any(is_used));
    for round in 0..number("FUZZ_ROUNDS", 400) {
        let input = &inputs[noise.below(inputs.len())];
        let spoilt = spoilt_pem(&mut noise, input);
        let started = Instant::now();
        if let Err(error) = Session::new(role, &with(spoilt.clone())) {
            let reason = error.to_string();
            assert!(!reason.is_empty(), "seed {seed}, round {round}");
        }
        let shown = String::from_utf8_lossy(&spoilt);
        assert!(
            started.elapsed() < LIMIT,
            "seed {seed}, round {round}: {shown}"
        );
    }
}

#[test]
fn spoilt_keys() {
    let certificate = corpus("certificates").swap_remove(1);
    assert_survives(&["keys"], Role::Server, |key| Parameters {
        identity: Identity {
            private_key: Some(key),
            private_key_pass: Some(b"secret".to_vec()),
            cert: Some(certificate.clone()),
            ..Identity::default()
        },
        ..Parameters::default()
    });
}

#[test]
fn spoilt_certificates() {
    let key = corpus("keys").remove(2);
    assert_survives(&["certificates"], Role::Server, |certificate| Parameters {
        identity: Identity {
            private_key: Some(key.clone()),
            private_key_pass: Some(b"secret".to_vec()),
            cert: Some(certificate),
            ..Identity::default()
        },
        ..Parameters::default()
    });
}

#[test]
fn spoilt_trust() {
    assert_survives(&["certificates"], Role::Client, |ca| Parameters {
        verify: true,
        ca: Some(ca),
        sni_hostname: Some("host.example".into()),
        ..Parameters::default()
    });
}

#[test]
fn spoilt_revocation_lists() {
    let scratch = Scratch::new();
    let authority = corpus("certificates").swap_remove(0);
    assert_survives(&["lists"], Role::Client, |list| Parameters {
        verify: true,
        ca: Some(authority.clone()),
        sni_hostname: Some("host.example".into()),
        crl_file: Some(scratch.write("list.pem", list)),
        ..Parameters::default()
    });
}

#[test]
fn spoilt_dh_parameters() {
    let scratch = Scratch::new();
    assert_survives(&["dhparams"], Role::Server, |dhparam| Parameters {
        dhparam: Some(scratch.write("dhparam.pem", dhparam)),
        ..Parameters::default()
    });
}

#[test]
fn spoilt_cipher_lists() {
    let text = fs::read_to_string(directory("ciphers.txt")).unwrap();
    let lists: Vec<_> = text.lines().collect();
    let mut noise = Noise(number("FUZZ_SEED", 0x5eed));
    for round in 0..number("FUZZ_ROUNDS", 400) {
        let list = lists[noise.below(lists.len())].repeat(1 + noise.below(20));
        let spoilt = spoil(&mut noise, list.into_bytes());
        let parameters = Parameters {
            cipher_list: Some(String::from_utf8_lossy(&spoilt).into_owned()),
            ..Parameters::default()
        };
        let started = Instant::now();
        let _ = Session::new(Role::Client, &parameters);
        assert!(started.elapsed() < LIMIT, "round {round}: {parameters:?}");
    }
}
