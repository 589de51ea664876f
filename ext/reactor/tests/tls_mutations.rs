//! Keys, certificates, revocation lists, parameters and cipher lists that are spoilt somewhere:
//! refused with a reason or used, never a panic. The corpus is in `tests/tls_corpus`; `FUZZ_SEED`
//! and `FUZZ_ROUNDS` are environment variables.

#![allow(clippy::unwrap_used, reason = "tests fail by panics")]

mod tls_support;

use std::env;

use pem::Pem;

use tls_support::Noise;
use tls_support::hostile::listen;
use tls_support::inputs::{Kind, corpus};

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
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

/// Gives inputs that are spoilt to sessions, of which those that are not are used.
fn assert_survives(kind: &Kind) {
    let mut noise = noise();
    let inputs = corpus(kind.corpus);
    assert!(inputs.iter().any(|input| kind.judge(input)));
    for _ in 0..rounds() {
        let input = &inputs[noise.below(inputs.len())];
        kind.judge(&spoilt_pem(&mut noise, input));
    }
}

fn noise() -> Noise {
    Noise(number("FUZZ_SEED", 0x5eed))
}

fn rounds() -> u64 {
    number("FUZZ_ROUNDS", 400)
}

#[test]
fn spoilt_keys() {
    assert_survives(&Kind::keys());
}

#[test]
fn spoilt_certificates() {
    assert_survives(&Kind::certificates());
}

#[test]
fn spoilt_trust() {
    assert_survives(&Kind::trust());
}

#[test]
fn spoilt_revocation_lists() {
    assert_survives(&Kind::revocation_lists());
}

#[test]
fn spoilt_dh_parameters() {
    assert_survives(&Kind::dh_parameters());
}

#[test]
fn spoilt_cipher_lists() {
    let kind = Kind::cipher_lists();
    let text = corpus(kind.corpus).concat();
    let lists: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    let mut noise = noise();
    for _ in 0..rounds() {
        let list = lists[noise.below(lists.len())].repeat(1 + noise.below(20));
        kind.judge(&spoil(&mut noise, list));
    }
}

#[test]
fn spoilt_hellos() {
    let hellos = corpus("hellos");
    let mut noise = noise();
    for _ in 0..rounds() {
        let hello = hellos[noise.below(hellos.len())].clone();
        listen(&spoil(&mut noise, hello), 1 + noise.below(300));
    }
}
