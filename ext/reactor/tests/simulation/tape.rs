//! Runs in which the bytes of a fuzzer decide all that seeds decide otherwise, while they last.

use crate::program::Program;
use crate::random;

/// Steps of a run: fewer than by seeds, so that there are more runs.
const STEPS: usize = 300;

/// A run by `bytes`. With `tracing`, it is told what happens in it.
pub fn run(bytes: &[u8], tracing: bool) {
    random::play(bytes);
    let mut program = Program::new(0, tracing);
    program.run(STEPS);
    program.finish();
    random::play(&[]);
}
