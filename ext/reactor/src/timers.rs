//! Deadlines, in lanes that are sorted because most timers come in order, and a heap for the rest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use crate::id::Id;
use crate::table::Table;

/// What deadlines are ordered by stands beside them, so that comparing looks nothing up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: Instant,
    sequence: u64,
    id: Id,
}

/// Timers of one interval come sorted; programs have few intervals at a time.
const LANES: usize = 4;

/// So few elements of cancelled timers are not worth the work of removing them.
const STALE_ALLOWED: usize = 64;

/// Timers ordered by deadline, those of equal deadline by age.
///
/// Adding a timer takes constant time where its deadline is not before the last in some lane, and so does
/// taking it when it is due; else both take logarithmic time. Cancelling takes constant time: the timer
/// and its key are gone at once, its deadline when it comes first or when more than half are such.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    table: Table<K>,
    lanes: [VecDeque<Due>; LANES],
    heap: BinaryHeap<Reverse<Due>>,
    /// How many deadlines there are, those of cancelled timers included.
    deadlines: usize,
    sequence: u64,
}

impl<K> Timers<K> {
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(),
            lanes: Default::default(),
            heap: BinaryHeap::new(),
            deadlines: 0,
            sequence: 0,
        }
    }

    /// `None` when all names are in use.
    pub(crate) fn add(&mut self, deadline: Instant, key: K) -> Option<Id> {
        let id = self.table.insert(key)?;
        let due = Due {
            deadline,
            sequence: self.sequence,
            id,
        };
        self.sequence += 1;
        self.deadlines += 1;
        let follows = |lane: &&mut VecDeque<Due>| lane.back().is_none_or(|last| *last < due);
        match self.lanes.iter_mut().find(follows) {
            Some(lane) => lane.push_back(due),
            None => self.heap.push(Reverse(due)),
        }
        Some(id)
    }

    pub(crate) fn cancel(&mut self, id: Id) -> Option<K> {
        let key = self.table.remove(id)?;
        let stale = self.deadlines - self.table.len();
        if stale > STALE_ALLOWED && stale > self.table.len() {
            let is_live = |due: &Due| self.table.get(due.id).is_some();
            for lane in &mut self.lanes {
                lane.retain(is_live);
            }
            self.heap.retain(|Reverse(due)| is_live(due));
            self.deadlines = self.table.len();
        }
        Some(key)
    }

    pub(crate) fn key(&self, id: Id) -> Option<&K> {
        self.table.get(id)
    }

    /// The next timer due at `now`, of those added before the mark, with when it was due.
    ///
    /// The mark keeps a timer that re-arms itself with no delay from holding up all else.
    pub(crate) fn pop_due(&mut self, now: Instant, mark: u64) -> Option<(Id, K, Instant)> {
        let (first, lane) = self.first()?;
        if first.deadline > now || first.sequence >= mark {
            return None;
        }
        self.discard(lane);
        let key = self.table.remove(first.id)?;
        Some((first.id, key, first.deadline))
    }

    /// Timers added from now on have at least this sequence number.
    pub(crate) fn mark(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn next_deadline(&mut self) -> Option<Instant> {
        self.first().map(|(due, _)| due.deadline)
    }

    /// The first deadline of a timer that was not cancelled, and the lane that it is in; `LANES` stands
    /// for the heap.
    fn first(&mut self) -> Option<(Due, usize)> {
        loop {
            let (first, lane) = self.earliest()?;
            if self.table.get(first.id).is_some() {
                return Some((first, lane));
            }
            self.discard(lane);
        }
    }

    fn earliest(&self) -> Option<(Due, usize)> {
        let heap = self.heap.peek().map(|Reverse(due)| (*due, LANES));
        let fronts = self.lanes.iter().enumerate();
        fronts
            .filter_map(|(lane, queue)| queue.front().map(|due| (*due, lane)))
            .fold(heap, |least, front| match least {
                Some(least) if least.0 < front.0 => Some(least),
                _ => Some(front),
            })
    }

    fn discard(&mut self, lane: usize) {
        self.deadlines -= 1;
        match self.lanes.get_mut(lane) {
            Some(lane) => drop(lane.pop_front()),
            None => drop(self.heap.pop()),
        }
    }
}

/// When to fire again what was due at `previous`: a multiple of the period later, the first that is yet
/// to come. Without a period that is at once.
pub(crate) fn next_multiple(previous: Instant, period: Duration, now: Instant) -> Instant {
    let next = previous + period;
    if next > now {
        return next;
    }
    let late = now.saturating_duration_since(next).as_nanos();
    match late.checked_rem(period.as_nanos()) {
        // What remains is less than the period, which fits.
        Some(past) => now + (period - Duration::from_nanos(past as u64)),
        None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(timers: &mut Timers<u32>, now: Instant) -> Vec<u32> {
        let mark = timers.mark();
        std::iter::from_fn(|| timers.pop_due(now, mark).map(|(_, key, _)| key)).collect()
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
        assert!(timers.deadlines <= 1000);
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
        assert_eq!(timers.pop_due(now, mark).map(|(_, key, _)| key), Some(1));
        timers.add(now, 2).unwrap();
        assert_eq!(timers.pop_due(now, mark).map(|(_, key, _)| key), None);
        assert_eq!(
            timers.pop_due(now, timers.mark()).map(|(_, key, _)| key),
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
            assert!(timers.deadlines <= STALE_ALLOWED + 2);
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
        assert!(timers.deadlines <= 200);
        let mut expected: Vec<u32> = (0..1000).step_by(10).collect();
        expected.sort_by_key(|n| n * 7919 % 1000);
        assert_eq!(drain(&mut timers, start + Duration::from_secs(2)), expected);
    }

    #[test]
    fn multiples_of_a_period_do_not_drift_and_those_missed_are_left_out() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs_f64(seconds);
        let period = Duration::from_secs(10);
        assert_eq!(next_multiple(at(10.0), period, at(10.0)), at(20.0));
        assert_eq!(next_multiple(at(10.0), period, at(14.0)), at(20.0));
        assert_eq!(next_multiple(at(10.0), period, at(35.0)), at(40.0));
        // One that is just over is missed.
        assert_eq!(next_multiple(at(10.0), period, at(20.0)), at(30.0));
        // Seen early: never the same again.
        assert_eq!(next_multiple(at(10.0), period, at(9.0)), at(20.0));
        assert_eq!(next_multiple(at(10.0), Duration::ZERO, at(14.0)), at(14.0));
    }

    #[test]
    fn timers_of_few_intervals_keep_out_of_the_heap() {
        let start = Instant::now();
        let mut timers = Timers::new();
        for n in 0..1000 {
            for interval in [60_000, 20, 5_000] {
                let deadline = start + Duration::from_millis(n + interval);
                timers.add(deadline, interval as u32).unwrap();
            }
        }
        assert_eq!(timers.heap.len(), 0);
        let fired = drain(&mut timers, start + Duration::from_secs(100));
        assert_eq!(fired[..1000], [20; 1000]);
        assert_eq!(fired[1000..2000], [5_000; 1000]);
        assert_eq!(timers.deadlines, 0);
    }
}
