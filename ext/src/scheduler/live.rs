//! The schedulers that are in use, for what concerns all of them: closed descriptors, and forks.

use magnus::gc::Marker;
use magnus::{Error, Ruby};

use super::{Scheduler, spare, waits};
use crate::guarded::Guarded;
use crate::own::Own;
use crate::roots;
use crate::sys::descriptors;

// SAFETY: it is changed with a `&Ruby`, and read by Ruby's garbage collection, which has the GVL
// too.
static LIVE: Guarded<Vec<Own<Scheduler>>> = unsafe { Guarded::new(Vec::new()) };

pub(super) fn add(_ruby: &Ruby, scheduler: Own<Scheduler>) {
    LIVE.state().borrow_mut().push(scheduler);
}

pub(super) fn remove(_ruby: &Ruby, scheduler: Own<Scheduler>) {
    let is_other = |live: &Own<Scheduler>| live.as_raw() != scheduler.as_raw();
    LIVE.state().borrow_mut().retain(is_other);
}

fn all(_ruby: &Ruby) -> Vec<Own<Scheduler>> {
    let live = LIVE.state().borrow();
    live.clone()
}

/// The one that runs on the loop of `EventMachine.run`.
pub(super) fn attached(_ruby: &Ruby) -> Option<Own<Scheduler>> {
    let live = LIVE.state().borrow();
    let mut live = live.iter().copied();
    live.find(|scheduler| scheduler.state().engine.is_attached())
}

/// A descriptor is about to be closed, or to stand for another file.
pub(super) fn closing(ruby: &Ruby, fd: i32, reopens: bool) -> Result<(), Error> {
    let descriptor = descriptors::raw(fd);
    for scheduler in all(ruby) {
        let told = scheduler
            .state()
            .engine
            .reactor(ruby, |reactor| match reopens {
                true => reactor.descriptor_reopening(descriptor),
                false => reactor.descriptor_closing(descriptor),
            });
        // One that was set by hand may outlive the loop that it ran on.
        if told.is_err() {
            continue;
        }
        waits::collect(ruby, &scheduler)?;
        let mut state = scheduler.state();
        if !state.ready.is_empty() {
            state.engine.notify(ruby)?;
        }
    }
    Ok(())
}

/// In a forked child: the fibers are the parent's.
pub(super) fn abandon(ruby: &Ruby) {
    for scheduler in all(ruby) {
        let mut state = scheduler.state();
        state.abandoned = true;
        state.closed = true;
    }
    LIVE.state().borrow_mut().clear();
    spare::forget(ruby);
}

fn mark(marker: &Marker) {
    for scheduler in LIVE.to_mark().iter() {
        marker.mark(scheduler.value());
    }
    spare::mark(marker);
}

pub(super) fn init(ruby: &Ruby) {
    roots::add(ruby, mark);
}
