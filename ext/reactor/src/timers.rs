//! Deadlines: an indexed binary heap, so that cancelling removes.

use std::time::Instant;

use crate::id::Id;
use crate::table::Table;

#[derive(Debug)]
struct Timer<K> {
    deadline: Instant,
    sequence: u64,
    position: usize,
    key: K,
}

/// Timers ordered by deadline, those of equal deadline by age.
///
/// `add`, `cancel` and `pop_due` take logarithmic time; nothing of a cancelled timer stays behind.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    table: Table<Timer<K>>,
    heap: Vec<Id>,
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
        let id = self.table.insert(Timer {
            deadline,
            sequence,
            position,
            key,
        })?;
        self.heap.push(id);
        self.sift_up(position);
        Some(id)
    }

    pub(crate) fn cancel(&mut self, id: Id) -> Option<K> {
        let timer = self.table.remove(id)?;
        let position = timer.position;
        let last = self.heap.pop()?;
        if position < self.heap.len() {
            self.place(position, last);
            self.sift_down(position);
            self.sift_up(position);
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
        let timer = self.table.get(first)?;
        if timer.deadline > now || timer.sequence >= mark {
            return None;
        }
        self.cancel(first).map(|key| (first, key))
    }

    /// Timers added from now on have at least this sequence number.
    pub(crate) fn mark(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.heap
            .first()
            .and_then(|id| self.table.get(*id))
            .map(|timer| timer.deadline)
    }

    fn order(&self, position: usize) -> Option<(Instant, u64)> {
        let timer = self.table.get(*self.heap.get(position)?)?;
        Some((timer.deadline, timer.sequence))
    }

    fn place(&mut self, position: usize, id: Id) {
        self.heap[position] = id;
        if let Some(timer) = self.table.get_mut(id) {
            timer.position = position;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (first, second) = (self.heap[a], self.heap[b]);
        self.place(a, second);
        self.place(b, first);
    }

    fn sift_up(&mut self, mut position: usize) {
        while position > 0 {
            let parent = (position - 1) / 2;
            if self.order(parent) <= self.order(position) {
                return;
            }
            self.swap(parent, position);
            position = parent;
        }
    }

    fn sift_down(&mut self, mut position: usize) {
        loop {
            let mut least = position;
            for child in [2 * position + 1, 2 * position + 2] {
                if child < self.heap.len() && self.order(child) < self.order(least) {
                    least = child;
                }
            }
            if least == position {
                return;
            }
            self.swap(least, position);
            position = least;
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
