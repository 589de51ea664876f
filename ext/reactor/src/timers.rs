//! Deadlines: a binary heap beside the table of what they are for, so that cancelling moves nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use crate::id::Id;
use crate::table::Table;

/// An element of the heap: what it is ordered by stands in it, so that comparing looks nothing up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: Instant,
    sequence: u64,
    id: Id,
}

/// So few elements of cancelled timers are not worth the work of removing them.
const STALE_ALLOWED: usize = 64;

/// Timers ordered by deadline, those of equal deadline by age.
///
/// `add` and `pop_due` take logarithmic time, `cancel` constant time: it removes the timer and its key
/// at once, and its element of the heap when it gets to the top, or when more than half are such.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    table: Table<K>,
    /// The first element is of a timer that is in the table.
    heap: BinaryHeap<Reverse<Due>>,
    sequence: u64,
}

impl<K> Timers<K> {
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(),
            heap: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// `None` when all names are in use.
    pub(crate) fn add(&mut self, deadline: Instant, key: K) -> Option<Id> {
        let id = self.table.insert(key)?;
        let sequence = self.sequence;
        self.sequence += 1;
        self.heap.push(Reverse(Due {
            deadline,
            sequence,
            id,
        }));
        Some(id)
    }

    pub(crate) fn cancel(&mut self, id: Id) -> Option<K> {
        let key = self.table.remove(id)?;
        let stale = self.heap.len() - self.table.len();
        if stale > STALE_ALLOWED && stale > self.table.len() {
            let table = &self.table;
            self.heap.retain(|Reverse(due)| table.get(due.id).is_some());
        } else {
            self.tidy();
        }
        Some(key)
    }

    pub(crate) fn key(&self, id: Id) -> Option<&K> {
        self.table.get(id)
    }

    /// The next timer due at `now`, of those added before the mark.
    ///
    /// The mark keeps a timer that re-arms itself with no delay from holding up all else.
    pub(crate) fn pop_due(&mut self, now: Instant, mark: u64) -> Option<(Id, K)> {
        let Reverse(first) = *self.heap.peek()?;
        if first.deadline > now || first.sequence >= mark {
            return None;
        }
        self.heap.pop();
        let key = self.table.remove(first.id)?;
        self.tidy();
        Some((first.id, key))
    }

    /// Timers added from now on have at least this sequence number.
    pub(crate) fn mark(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(due)| due.deadline)
    }

    /// Removes elements of cancelled timers from the top.
    fn tidy(&mut self) {
        while let Some(Reverse(due)) = self.heap.peek() {
            if self.table.get(due.id).is_some() {
                break;
            }
            self.heap.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn drain(timers: &mut Timers<u32>, now: Instant) -> Vec<u32> {
        let mark = timers.mark();
        std::iter::from_fn(|| timers.pop_due(now, mark).map(|(_, key)| key)).collect()
    }

    #[test]
    fn fires_in_order_of_deadline_then_age_and_never_early() {
        let start = Instant::now();
        let mut timers = Timers::new();
        for (key, delay) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            timers
                .add(start + Duration::from_millis(delay), key)
                .unwrap();
        }
        assert_eq!(drain(&mut timers, start + Duration::from_millis(9)), []);
        assert_eq!(
            drain(&mut timers, start + Duration::from_millis(20)),
            [2, 4, 3]
        );
        assert_eq!(
            timers.next_deadline(),
            Some(start + Duration::from_millis(30))
        );
        assert_eq!(drain(&mut timers, start + Duration::from_secs(1)), [1]);
        assert_eq!(timers.next_deadline(), None);
    }

    #[test]
    fn a_cancelled_timer_is_gone() {
        let start = Instant::now();
        let mut timers = Timers::new();
        let ids: Vec<Id> = (0..1000)
            .map(|n| {
                timers
                    .add(start + Duration::from_millis(n * 7919 % 1000), n as u32)
                    .unwrap()
            })
            .collect();
        for id in ids.iter().step_by(2) {
            assert!(timers.cancel(*id).is_some());
            assert!(timers.cancel(*id).is_none());
        }
        assert_eq!(timers.table.len(), 500);
        assert!(timers.heap.len() <= 1000);
        let fired = drain(&mut timers, start + Duration::from_secs(2));
        let mut expected: Vec<u32> = (0..1000).filter(|n| n % 2 == 1).collect();
        expected.sort_by_key(|n| n * 7919 % 1000);
        assert_eq!(fired, expected);
        assert_eq!(timers.table.len(), 0);
    }

    #[test]
    fn a_timer_added_while_firing_waits_for_the_next_mark() {
        let now = Instant::now();
        let mut timers = Timers::new();
        timers.add(now, 1).unwrap();
        let mark = timers.mark();
        assert_eq!(timers.pop_due(now, mark).map(|(_, key)| key), Some(1));
        timers.add(now, 2).unwrap();
        assert_eq!(timers.pop_due(now, mark).map(|(_, key)| key), None);
        assert_eq!(
            timers.pop_due(now, timers.mark()).map(|(_, key)| key),
            Some(2)
        );
    }

    #[test]
    fn cancelled_timers_take_no_room_and_do_not_wake() {
        let start = Instant::now();
        let mut timers = Timers::new();
        let last = timers.add(start + Duration::from_secs(9), 0).unwrap();
        for n in 0..100_000 {
            let id = timers.add(start + Duration::from_millis(n % 5000), 1);
            assert_eq!(timers.cancel(id.unwrap()), Some(1));
            assert!(timers.heap.len() <= STALE_ALLOWED + 2);
        }
        assert_eq!(timers.next_deadline(), Some(start + Duration::from_secs(9)));
        timers.cancel(last);
        assert_eq!(timers.next_deadline(), None);
    }

    #[test]
    fn the_order_outlasts_the_removal_of_many() {
        let start = Instant::now();
        let mut timers = Timers::new();
        let at = |n: u32| start + Duration::from_millis(u64::from(n * 7919 % 1000));
        let ids: Vec<Id> = (0..1000).map(|n| timers.add(at(n), n).unwrap()).collect();
        for (_, id) in ids.iter().enumerate().filter(|(n, _)| n % 10 != 0) {
            timers.cancel(*id);
        }
        assert!(timers.heap.len() <= 200);
        let mut expected: Vec<u32> = (0..1000).step_by(10).collect();
        expected.sort_by_key(|n| n * 7919 % 1000);
        assert_eq!(drain(&mut timers, start + Duration::from_secs(2)), expected);
    }
}
