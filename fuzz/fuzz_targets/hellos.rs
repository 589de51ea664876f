//! The first bytes of a peer, in one piece and in small ones.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../ext/reactor/tests/tls_support/mod.rs"]
mod tls_support;

use tls_support::hostile::listen;

fuzz_target!(|input: &[u8]| {
    listen(input, input.len().max(1));
    listen(input, 7);
});
