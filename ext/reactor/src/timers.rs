//! Timers by deadline.

use std::time::{Duration, Instant};

use crate::calendar::Due;
use crate::deadlines::{Deadlines, Lane};
use crate::id::{Id, Space};
use crate::table::Table;

/// Deadlines that are added within that time before they come are kept by themselves: timers that
/// fire soon cost the same, however many wait for something that takes long.
const NEAR: Duration = Duration::from_secs(1);

/// How long a day is of the calendars: about a millisecond and a minute. See [`Deadlines::new`].
const NEAR_DAY: u32 = 0;
const FAR_DAY: u32 = 16;

/// Longer delays are as good as never, and would overflow the clock.
pub(crate) const FOREVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// So few elements of cancelled timers are not worth the work of removing them.
const STALE_ALLOWED: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Place {
    Near(Lane),
    Far(Lane),
}

/// Timers ordered by deadline, those of equal deadline by age.
///
/// Adding a timer takes constant time where its deadline is not before the last in some lane of
/// those as near or as far, and so does taking it when it is due; else both take time logarithmic
/// in their number. Cancelling takes constant time: the timer and its key are gone at once, its
/// deadline when it comes first or when more than half are such.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    table: Table<K>,
    near: Deadlines,
    far: Deadlines,
    sequence: u64,
}

impl<K> Timers<K> {
    pub(crate) fn new() -> Self {
        Self {
            table: Table::of(Space::Timers),
            near: Deadlines::new(NEAR_DAY),
            far: Deadlines::new(FAR_DAY),
            sequence: 0,
        }
    }

    /// `None` when all names are in use.
    pub(crate) fn add(&mut self, now: Instant, deadline: Instant, key: K) -> Option<Id> {
        let is_near = deadline.saturating_duration_since(now) < NEAR;
        self.insert(deadline, is_near, key)
    }

    /// As [`add`](Self::add), so long after `now`; the key is made of the deadline.
    pub(crate) fn add_after(
        &mut self,
        now: Instant,
        delay: Duration,
        key: impl FnOnce(Instant) -> K,
    ) -> Option<Id> {
        let deadline = now + delay.min(FOREVER);
        self.insert(deadline, delay < NEAR, key(deadline))
    }

    fn insert(&mut self, deadline: Instant, is_near: bool, key: K) -> Option<Id> {
        let id = self.table.insert(key)?;
        let due = Due {
            deadline,
            sequence: self.sequence,
            id,
        };
        self.sequence += 1;
        let deadlines = if is_near {
            &mut self.near
        } else {
            &mut self.far
        };
        deadlines.push(due);
        Some(id)
    }

    pub(crate) fn cancel(&mut self, id: Id) -> Option<K> {
        let key = self.table.remove(id)?;
        let stale = self.deadlines() - self.table.len();
        if stale > STALE_ALLOWED && stale > self.table.len() {
            let is_live = |due: &Due| self.table.get(due.id).is_some();
            self.near.retain(is_live);
            self.far.retain(is_live);
        }
        Some(key)
    }

    /// How many deadlines there are, those of cancelled timers included.
    fn deadlines(&self) -> usize {
        self.near.len() + self.far.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn key(&self, id: Id) -> Option<&K> {
        self.table.get(id)
    }

    /// The next timer due at `now`, of those added before the mark, with when it was due.
    ///
    /// The mark keeps a timer that re-arms itself with no delay from holding up all else.
    pub(crate) fn pop_due(&mut self, now: Instant, mark: u64) -> Option<(Id, K, Instant)> {
        let (first, place) = self.first()?;
        if first.deadline > now || first.sequence >= mark {
            return None;
        }
        self.discard(place);
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

    /// The first deadline of a timer that was not cancelled, and where it is.
    fn first(&mut self) -> Option<(Due, Place)> {
        // Most loops have no timers most of the time, and ask in each turn.
        if self.table.len() == 0 {
            return None;
        }
        loop {
            let near = self
                .near
                .first()
                .map(|(due, lane)| (due, Place::Near(lane)));
            let far = self.far.first().map(|(due, lane)| (due, Place::Far(lane)));
            let (first, place) = match (near, far) {
                (Some(near), Some(far)) if far.0 < near.0 => far,
                (near, far) => near.or(far)?,
            };
            if self.table.get(first.id).is_some() {
                return Some((*first, place));
            }
            self.discard(place);
        }
    }

    fn discard(&mut self, place: Place) {
        match place {
            Place::Near(lane) => self.near.discard(lane),
            Place::Far(lane) => self.far.discard(lane),
        }
    }
}

/// When to fire again what was due at `previous`: a multiple of the period later, the first that is
/// yet to come. Without a period that is at once.
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
                .add(start, start + Duration::from_millis(delay), key)
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
                    .add(
                        start,
                        start + Duration::from_millis(n * 7919 % 1000),
                        n as u32,
                    )
                    .unwrap()
            })
            .collect();
        for id in ids.iter().step_by(2) {
            assert!(timers.cancel(*id).is_some());
            assert!(timers.cancel(*id).is_none());
        }
        assert_eq!(timers.table.len(), 500);
        assert!(timers.deadlines() <= 1000);
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
        timers.add(now, now, 1).unwrap();
        let mark = timers.mark();
        assert_eq!(timers.pop_due(now, mark).map(|(_, key, _)| key), Some(1));
        timers.add(now, now, 2).unwrap();
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
        let last = timers
            .add(start, start + Duration::from_secs(9), 0)
            .unwrap();
        for n in 0..(if cfg!(miri) { 2_000 } else { 100_000 }) {
            let id = timers.add(start, start + Duration::from_millis(n % 5000), 1);
            assert_eq!(timers.cancel(id.unwrap()), Some(1));
            assert!(timers.deadlines() <= STALE_ALLOWED + 2);
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
        let ids: Vec<Id> = (0..1000)
            .map(|n| timers.add(start, at(n), n).unwrap())
            .collect();
        for (_, id) in ids.iter().enumerate().filter(|(n, _)| n % 10 != 0) {
            timers.cancel(*id);
        }
        assert!(timers.deadlines() <= 200);
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
    fn order_does_not_depend_on_how_far_a_deadline_was_when_it_was_added() {
        let start = Instant::now();
        let at = |n: u32| start + Duration::from_millis(u64::from(n * 7919 % 4000));
        let mut timers = Timers::new();
        for n in 0..1000 {
            timers.add(start, at(n), n).unwrap();
        }
        let later = start + Duration::from_millis(1500);
        let first = drain(&mut timers, later);
        for n in 1000..2000 {
            timers.add(later, at(n), n).unwrap();
        }
        let rest = drain(&mut timers, start + Duration::from_secs(9));
        let mut expected: Vec<u32> = (0..2000).filter(|n| !first.contains(n)).collect();
        expected.sort_by_key(|n| at(*n));
        assert_eq!(rest, expected);
    }

    #[test]
    fn far_timers_are_not_in_the_way_of_near_ones() {
        let start = Instant::now();
        let mut timers = Timers::new();
        for n in 0..1000 {
            timers.add(start, start + Duration::from_secs(3600 + n % 100), 0);
        }
        assert!(timers.near.first().is_none());
        timers.add(start, start + Duration::from_millis(1), 1);
        assert!(timers.near.first().is_some());
        assert_eq!(drain(&mut timers, start + Duration::from_secs(1)), [1]);
        let rest = drain(&mut timers, start + Duration::from_secs(4000));
        assert_eq!(rest, [0; 1000]);
        assert_eq!(timers.deadlines(), 0);
    }
}
