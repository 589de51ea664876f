//! What is called at some points of each turn, where an application asks for that.

use std::sync::atomic::{AtomicU8, Ordering};

use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, method};

use crate::names;

/// A point of the turn: its bit, by which lib/em/hooks.rb knows it too.
#[derive(Clone, Copy)]
pub(crate) enum Hook {
    BeforeWait = 1,
    AfterWait = 2,
    Idle = 4,
    /// Not for applications: finds out whether there is anything left to wait for.
    Ending = 8,
}

/// The bits of those that something is to be called at.
static SET: AtomicU8 = AtomicU8::new(0);

pub(crate) fn init(module: RModule) -> Result<(), Error> {
    let singleton = module.singleton_class()?;
    singleton.define_private_method("set_hooks", method!(set_hooks, 1))
}

fn set_hooks(_ruby: &Ruby, _module: RModule, bits: u8) {
    SET.store(bits, Ordering::Relaxed);
}

/// Whether there is something to call.
pub(crate) fn is_set(hook: Hook) -> bool {
    SET.load(Ordering::Relaxed) & hook as u8 != 0
}

pub(crate) fn is_any_set() -> bool {
    SET.load(Ordering::Relaxed) != 0
}

/// Calls what there is.
pub(crate) fn call(module: RModule, hook: Hook) -> Result<(), Error> {
    module
        .funcall::<_, _, Value>(*names::RUN_HOOKS, (hook as u8,))
        .map(drop)
}
