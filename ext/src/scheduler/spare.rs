//! The drain fibers that the last scheduler of the reactor left, for the next one in the same
//! thread. They do not end, and Ruby's garbage collection takes what it finds on a stack for
//! something in use: were each left behind, it could keep the one before.

use magnus::gc::Marker;
use magnus::{Error, Ruby};
use rb_sys::VALUE;

use super::current_thread;
use super::switch::value;
use crate::guarded::Guarded;

#[derive(Default)]
struct Spare {
    /// In which thread they can be gone to.
    thread: Option<VALUE>,
    fibers: Vec<VALUE>,
}

// SAFETY: it is changed with a `&Ruby`, and read by Ruby's garbage collection, which has the GVL
// too.
static SPARE: Guarded<Spare> = unsafe {
    Guarded::new(Spare {
        thread: None,
        fibers: Vec::new(),
    })
};

/// Keeps fibers of the calling thread, in place of those that were kept.
pub(super) fn keep(ruby: &Ruby, fibers: Vec<VALUE>) {
    *SPARE.state().borrow_mut() = Spare {
        thread: Some(current_thread(ruby)),
        fibers,
    };
}

/// Forgets them, as in a forked child.
pub(super) fn forget(_ruby: &Ruby) {
    *SPARE.state().borrow_mut() = Spare::default();
}

/// One of them, or one that is made.
pub(super) fn take_or(
    ruby: &Ruby,
    make: impl FnOnce(&Ruby) -> Result<VALUE, Error>,
) -> Result<VALUE, Error> {
    let kept = {
        let mut spare = SPARE.state().borrow_mut();
        match spare.thread == Some(current_thread(ruby)) {
            true => spare.fibers.pop(),
            false => None,
        }
    };
    kept.map_or_else(|| make(ruby), Ok)
}

pub(super) fn mark(marker: &Marker) {
    let spare = SPARE.to_mark();
    let fibers = spare.fibers.iter().copied();
    fibers
        .chain(spare.thread)
        .for_each(|raw| marker.mark(value(raw)));
}
