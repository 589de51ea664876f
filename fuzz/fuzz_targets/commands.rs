//! What a program tells the loop, what the system answers and what peers do: the simulation, by
//! the input instead of a seed.

#![no_main]
#![allow(dead_code, reason = "the tests use the rest")]

use libfuzzer_sys::fuzz_target;

#[path = "../../ext/reactor/tests/simulation/kernel/mod.rs"]
mod kernel;
#[path = "../../ext/reactor/tests/simulation/program/mod.rs"]
mod program;
#[path = "../../ext/reactor/tests/simulation/random.rs"]
mod random;
#[path = "../../ext/reactor/tests/simulation/tape.rs"]
mod tape;

fuzz_target!(|input: &[u8]| tape::run(input, false));
