//! The timers that should fire.

use std::collections::BTreeMap;
use std::time::Duration;

use em_reactor::Id;

/// Timers by name, each with its time and the turn that it was added in.
#[derive(Debug, Default)]
pub struct Timers {
    due: BTreeMap<Id, (Duration, u64)>,
    last: Duration,
}

impl Timers {
    pub fn add(&mut self, id: Id, due: Duration, turn: u64) {
        assert!(self.due.insert(id, (due, turn)).is_none(), "a name twice");
    }

    pub fn any(&self, index: usize) -> Option<Id> {
        self.due.keys().nth(index % self.due.len().max(1)).copied()
    }

    pub fn cancel(&mut self, id: Id) {
        self.due.remove(&id);
    }

    pub fn begin_turn(&mut self) {
        self.last = Duration::ZERO;
    }

    pub fn fired(&mut self, id: Id, now: Duration, turn: u64) {
        let Some((due, added)) = self.due.remove(&id) else {
            panic!("{id:?} fires, and is no timer");
        };
        assert!(due <= now, "{id:?} fires at {now:?}, due at {due:?}");
        assert!(added < turn, "{id:?} fires in the turn it was added in");
        assert!(self.last <= due, "{id:?} fires after a later one");
        self.last = due;
    }

    /// All that were to fire in a turn have.
    pub fn check(&self, now: Duration, turn: u64) {
        let is_late = |(_, (due, added)): &(&Id, &(Duration, u64))| *due <= now && *added < turn;
        let late = self.due.iter().find(is_late);
        assert!(late.is_none(), "{late:?} does not fire at {now:?}");
    }

    pub fn len(&self) -> usize {
        self.due.len()
    }
}
