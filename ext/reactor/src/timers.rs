//! Deadlines: an indexed binary heap, so that cancelling removes.

use std::time::Instant;

use crate::id::Id;
use crate::table::Table;

#[derive(Debug)]
struct Timer<K> {
    /// Where in the heap it is.
    position: usize,
    key: K,
}

/// An element of the heap: what it is ordered by stands in it, so that comparing looks nothing up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: Instant,
    sequence: u64,
    id: Id,
}

/// Timers ordered by deadline, those of equal deadline by age.
///
/// `add`, `cancel` and `pop_due` take logarithmic time; nothing of a cancelled timer stays behind.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    table: Table<Timer<K>>,
    heap: Vec<Due>,
    sequence: u64,
}

impl<K> Timers<K> {
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(),
            heap: Vec::new(),
            sequence: 0,
        }
    }

    /// `None` when all names are in use.
    pub(crate) fn add(&mut self, deadline: Instant, key: K) -> Option<Id> {
        let position = self.heap.len();
        let sequence = self.sequence;
        self.sequence += 1;
        let id = self.table.insert(Timer { position, key })?;
        self.heap.push(Due {
            deadline,
            sequence,
            id,
        });
        self.sift_up(position);
        Some(id)
    }

    pub(crate) fn cancel(&mut self, id: Id) -> Option<K> {
        let timer = self.table.remove(id)?;
        let last = self.heap.pop()?;
        if timer.position < self.heap.len() {
            self.place(timer.position, last);
            self.sift_down(timer.position);
            self.sift_up(timer.position);
        }
        Some(timer.key)
    }

    pub(crate) fn key(&self, id: Id) -> Option<&K> {
        self.table.get(id).map(|timer| &timer.key)
    }

    /// The next timer due at `now`, of those added before the mark.
    ///
    /// The mark keeps a timer that re-arms itself with no delay from holding up all else.
    pub(crate) fn pop_due(&mut self, now: Instant, mark: u64) -> Option<(Id, K)> {
        let first = *self.heap.first()?;
        if first.deadline > now || first.sequence >= mark {
            return None;
        }
        self.cancel(first.id).map(|key| (first.id, key))
    }

    /// Timers added from now on have at least this sequence number.
    pub(crate) fn mark(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.heap.first().map(|due| due.deadline)
    }

    fn place(&mut self, position: usize, due: Due) {
        self.heap[position] = due;
        if let Some(timer) = self.table.get_mut(due.id) {
            timer.position = position;
        }
    }

    /// Moves an element up to where its parent is due before it.
    fn sift_up(&mut self, mut position: usize) {
        let due = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / 2;
            if self.heap[parent] <= due {
                break;
            }
            self.place(position, self.heap[parent]);
            position = parent;
        }
        self.place(position, due);
    }

    /// Moves an element down to where its children are due after it.
    fn sift_down(&mut self, mut position: usize) {
        let due = self.heap[position];
        loop {
            let left = 2 * position + 1;
            let right = left + 1;
            if left >= self.heap.len() {
                break;
            }
            let earlier = right < self.heap.len() && self.heap[right] < self.heap[left];
            let child = if earlier { right } else { left };
            if due <= self.heap[child] {
                break;
            }
            self.place(position, self.heap[child]);
            position = child;
        }
        self.place(position, due);
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
        assert_eq!(timers.heap.len(), 500);
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
}
