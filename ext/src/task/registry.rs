//! The tasks that have started and not ended, by their fibers.

use std::collections::HashMap;

use magnus::gc::Marker;
use magnus::rb_sys::AsRawValue;
use magnus::{RArray, Ruby, Value};
use rb_sys::VALUE;

use crate::guarded::Guarded;
use crate::roots;
use crate::scheduler::{ByAddress, value};

// SAFETY: it is changed with a `&Ruby`, and read by Ruby's garbage collection, which has the GVL
// too.
static LIVE: Guarded<Live> = unsafe {
    Guarded::new(Live {
        newest: None,
        others: HashMap::with_hasher(ByAddress::new()),
        started: 0,
    })
};

/// A task, and how many were started before it.
type Entry = (u64, VALUE);

struct Live {
    /// Apart, since many a task ends before the next one starts.
    newest: Option<(VALUE, Entry)>,
    others: HashMap<VALUE, Entry, ByAddress>,
    started: u64,
}

impl Live {
    fn iter(&self) -> impl Iterator<Item = (VALUE, Entry)> {
        let others = self.others.iter().map(|(&fiber, &entry)| (fiber, entry));
        others.chain(self.newest)
    }
}

pub(super) fn add(_ruby: &Ruby, fiber: VALUE, task: VALUE) {
    let mut live = LIVE.state().borrow_mut();
    let entry = (live.started, task);
    live.started += 1;
    if let Some((fiber, entry)) = live.newest.replace((fiber, entry)) {
        live.others.insert(fiber, entry);
    }
}

pub(super) fn remove(_ruby: &Ruby, fiber: VALUE) {
    let mut live = LIVE.state().borrow_mut();
    match live.newest {
        Some((newest, _)) if newest == fiber => live.newest = None,
        _ => drop(live.others.remove(&fiber)),
    }
}

/// The task that a fiber runs.
pub(crate) fn of(_ruby: &Ruby, fiber: VALUE) -> Option<VALUE> {
    let live = LIVE.state().borrow();
    let entry = match live.newest {
        Some((newest, entry)) if newest == fiber => Some(entry),
        _ => live.others.get(&fiber).copied(),
    };
    entry.map(|(_, task)| task)
}

pub(super) fn task_of(ruby: &Ruby, fiber: Value) -> Option<Value> {
    of(ruby, fiber.as_raw()).map(value)
}

/// In the order of their starts.
pub(super) fn live(ruby: &Ruby) -> RArray {
    let mut tasks: Vec<_> = {
        let live = LIVE.state().borrow();
        live.iter().map(|(_, entry)| entry).collect()
    };
    tasks.sort_unstable();
    ruby.ary_from_iter(tasks.into_iter().map(|(_, task)| value(task)))
}

pub(super) fn forget(ruby: &Ruby, fiber: Value) {
    remove(ruby, fiber.as_raw());
}

fn mark(marker: &Marker) {
    let live = LIVE.to_mark();
    for (fiber, (_, task)) in live.iter() {
        marker.mark(value(fiber));
        marker.mark(value(task));
    }
}

pub(super) fn init(ruby: &Ruby) {
    roots::add(ruby, mark);
}
