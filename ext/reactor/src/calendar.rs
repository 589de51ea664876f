//! A calendar queue: deadlines that come in any order, those of one day in one heap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Instant;

use crate::id::Id;

/// What deadlines are ordered by stands beside them, so that comparing looks nothing up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) deadline: Instant,
    pub(crate) sequence: u64,
    pub(crate) id: Id,
}

/// Deadlines, of which the first is at hand.
///
/// Adding and removing take time logarithmic in the number of days and in that of the deadlines of
/// one day. A heap of all of them would be of the same order, but so large that each step misses
/// the cache.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// A day is as long as 2 to the power of so many ticks.
    day_bits: u32,
    /// When day 0 begins. What is earlier belongs to it, too.
    origin: Option<Instant>,
    days: BTreeMap<u64, BinaryHeap<Reverse<Due>>>,
}

impl Calendar {
    /// A day is as long as 2 to the power of so many ticks of 2 to the power of 20 nanoseconds,
    /// which is about a millisecond.
    pub(crate) fn new(day_bits: u32) -> Self {
        Self {
            day_bits,
            origin: None,
            days: BTreeMap::new(),
        }
    }

    pub(crate) fn push(&mut self, due: Due) {
        let origin = *self.origin.get_or_insert(due.deadline);
        let since = due.deadline.saturating_duration_since(origin);
        // A second has fewer nanoseconds than 2 to the power of 30.
        let ticks = since.as_secs() << 10 | u64::from(since.subsec_nanos() >> 20);
        let day = self.days.entry(ticks >> self.day_bits);
        day.or_default().push(Reverse(due));
    }

    pub(crate) fn first(&self) -> Option<&Due> {
        let (_, day) = self.days.first_key_value()?;
        day.peek().map(|Reverse(due)| due)
    }

    pub(crate) fn pop(&mut self) -> Option<Due> {
        let mut day = self.days.first_entry()?;
        let first = day.get_mut().pop();
        if day.get().is_empty() {
            day.remove();
        }
        first.map(|Reverse(due)| due)
    }

    pub(crate) fn len(&self) -> usize {
        self.days.values().map(BinaryHeap::len).sum()
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&Due) -> bool) {
        self.days.retain(|_, day| {
            day.retain(|Reverse(due)| keep(due));
            !day.is_empty()
        });
    }
}
