//! Conversations in which the records of one flight are changed.

#![no_main]

use em_reactor::tls::Parameters;
use libfuzzer_sys::fuzz_target;

#[path = "../../ext/reactor/tests/tls_support/mod.rs"]
mod tls_support;

use tls_support::hostile::{conversations, hold};

/// Flights of which one is changed.
const FLIGHTS: usize = 6;

thread_local! {
    static CONVERSATIONS: Vec<(Parameters, Parameters)> = conversations();
}

// Which conversation and flight, where in that, and how its bytes differ from there on.
fuzz_target!(|input: &[u8]| {
    let [which, victim, high, low, differences @ ..] = input else {
        return;
    };
    CONVERSATIONS.with(|all| {
        let conversation = &all[usize::from(*which) % all.len()];
        let victim = usize::from(*victim) % FLIGHTS;
        hold(conversation, victim, |mut flight| {
            let from = usize::from(u16::from_be_bytes([*high, *low])) % flight.len();
            for (byte, difference) in flight[from..].iter_mut().zip(differences) {
                *byte ^= difference;
            }
            flight
        });
    });
});
