//! Lists of ciphers, one a line.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../ext/reactor/tests/tls_support/mod.rs"]
mod tls_support;

use tls_support::inputs::Kind;

thread_local! {
    static LISTS: Kind = Kind::cipher_lists();
}

fuzz_target!(|input: &[u8]| {
    LISTS.with(|kind| {
        for list in input.split(|byte| *byte == b'\n') {
            kind.judge(list);
        }
    });
});
