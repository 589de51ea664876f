//! Keys, certificates, revocation lists and parameters: PEM, and the DER that it stands for.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pem::Pem;

#[path = "../../ext/reactor/tests/tls_support/mod.rs"]
mod tls_support;

use tls_support::inputs::Kind;

thread_local! {
    static KINDS: [Kind; 5] = Kind::pem();
}

fuzz_target!(|input: &[u8]| {
    KINDS.with(|kinds| {
        for kind in kinds {
            kind.judge(input);
        }
    });
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mutated = match seed % 4 {
        0 => None,
        _ => mutate_der(&data[..size], max_size),
    };
    match mutated {
        Some(text) => {
            data[..text.len()].copy_from_slice(&text);
            text.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

/// PEM with other contents, where `text` is PEM and the result has at most `max_size` bytes.
fn mutate_der(text: &[u8], max_size: usize) -> Option<Vec<u8>> {
    let block = pem::parse(text).ok()?;
    let mut der = block.contents().to_vec();
    let size = der.len();
    der.resize(max_size, 0);
    let size = fuzzer_mutate(&mut der, size, max_size);
    der.truncate(size);
    let text = pem::encode(&Pem::new(block.tag(), der)).into_bytes();
    (text.len() <= max_size).then_some(text)
}
