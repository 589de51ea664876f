//! The native half of the eventmachine gem: Ruby's names for what em-reactor does.

#![allow(
    missing_docs,
    reason = "no Rust code uses a cdylib; its documentation is in lib/"
)]

use magnus::{Error, Ruby};

mod api;
mod convert;
mod deferred;
mod dispatch;
mod errors;
mod guarded;
mod gvl;
mod hooks;
mod instance;
mod metrics;
mod names;
mod own;
mod resolving;
mod roots;
mod scheduler;
mod shared;
mod signatures;
mod streams;
mod sys;
mod task;
mod turn;

/// Called by `require "eventmachine.so"`.
#[magnus::init(name = "eventmachine")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    let module = names::init(ruby)?;
    errors::init(ruby, module)?;
    shared::init(ruby);
    hooks::init(module)?;
    deferred::init(ruby)?;
    metrics::init(module)?;
    scheduler::init(ruby, module)?;
    task::init(ruby, module)?;
    streams::init(ruby, module)?;
    api::init(ruby, module)
}
