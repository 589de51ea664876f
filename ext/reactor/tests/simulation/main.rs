//! The loop against a simulated kernel: a random program, and a model of what must come of it.
//!
//! `SEED=7` repeats one run and says what happens in it; `SEEDS=1-1000` runs those; `STEPS=` says
//! how long each is. `TAPE=path` repeats an input of a fuzzer. See docs/reliability.md.

#![cfg(all(
    target_os = "linux",
    // What it takes the place of has other types in musl.
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#![allow(
    unreachable_pub,
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panics"
)]

mod found;
mod kernel;
mod program;
mod random;
mod tape;

use std::fs;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use program::Program;

/// Steps of one run.
const STEPS: usize = 2_000;

/// Steps of all runs, unless told otherwise.
const TOTAL: usize = 1_000_000;

#[test]
fn nothing_is_lost_whatever_the_system_does() {
    if let Ok(path) = std::env::var("TAPE") {
        tape::run(&fs::read(path).expect("a file"), true);
        return;
    }
    let steps = number("STEPS").unwrap_or(STEPS as u64) as usize;
    if let Some(seed) = number("SEED") {
        run(seed, steps, true, 0);
        return;
    }
    let (seeds, most) = match chosen_seeds() {
        Some(seeds) => (seeds, usize::MAX),
        None => (1..=u64::MAX, TOTAL),
    };
    let began = Instant::now();
    let (mut total, mut runs) = (0, 0);
    for seed in seeds {
        if total >= most {
            break;
        }
        total += run(seed, steps, false, total);
        runs += 1;
    }
    println!("{total} steps in {runs} runs, {:.1?}", began.elapsed());
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    let once = |seed| {
        let mut program = Program::new(seed, false);
        program.run(STEPS);
        program.finish()
    };
    let runs = |seeds: std::ops::Range<u64>| seeds.map(once).collect::<Vec<_>>();
    assert_eq!(runs(1..11), runs(1..11));
    assert_ne!(once(1), once(2));
}

#[test]
fn nothing_is_lost_by_what_a_fuzzer_has_found() {
    let tapes = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulation/tapes");
    for entry in fs::read_dir(tapes).expect("a directory") {
        let path = entry.expect("an entry").path();
        println!("{}", path.display());
        tape::run(&fs::read(path).expect("a file"), false);
    }
}

/// Those of `SEEDS=1-1000`.
fn chosen_seeds() -> Option<RangeInclusive<u64>> {
    let range = std::env::var("SEEDS").ok()?;
    let (first, last) = range.split_once('-').expect("SEEDS=first-last");
    Some(first.parse().expect("a number")..=last.parse().expect("a number"))
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

/// One run, of which `before` steps were taken in others: how many steps it had.
fn run(seed: u64, steps: usize, tracing: bool, before: usize) -> usize {
    let mut program = Program::new(seed, tracing);
    let result = catch_unwind(AssertUnwindSafe(|| program.run(steps)));
    let taken = program.steps;
    if let Err(panic) = result {
        std::mem::forget(program);
        let total = before + taken;
        println!("SEED={seed} fails after {taken} steps, {total} in all");
        std::panic::resume_unwind(panic);
    }
    let finished = catch_unwind(AssertUnwindSafe(|| program.finish()));
    if let Err(panic) = finished {
        println!(
            "SEED={seed} fails after {taken} steps, {} in all",
            before + taken
        );
        std::panic::resume_unwind(panic);
    }
    taken
}
