//! Deadlines in order: lanes that are sorted because most come in order, and a calendar for the
//! rest.

use std::collections::VecDeque;

use crate::calendar::{Calendar, Due};

/// Timers of one interval come sorted; programs have few intervals at a time.
const LANES: usize = 3;

/// Where a deadline is: a lane, or the calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane(usize);

const CALENDAR: Lane = Lane(LANES);

#[derive(Debug)]
pub(crate) struct Deadlines {
    lanes: [VecDeque<Due>; LANES],
    calendar: Calendar,
    count: usize,
}

impl Deadlines {
    /// See [`Calendar::new`].
    pub(crate) fn new(day_bits: u32) -> Self {
        Self {
            lanes: Default::default(),
            calendar: Calendar::new(day_bits),
            count: 0,
        }
    }

    pub(crate) fn push(&mut self, due: Due) {
        self.count += 1;
        let follows = |lane: &&mut VecDeque<Due>| lane.back().is_none_or(|last| *last < due);
        match self.lanes.iter_mut().find(follows) {
            Some(lane) => lane.push_back(due),
            None => self.calendar.push(due),
        }
    }

    /// The first deadline, and where it is.
    pub(crate) fn first(&self) -> Option<(&Due, Lane)> {
        if self.count == 0 {
            return None;
        }
        let mut first = self.calendar.first().map(|due| (due, CALENDAR));
        for (lane, queue) in self.lanes.iter().enumerate() {
            let Some(due) = queue.front() else { continue };
            if first.is_none_or(|(least, _)| due < least) {
                first = Some((due, Lane(lane)));
            }
        }
        first
    }

    /// Removes what is first in a lane.
    pub(crate) fn discard(&mut self, lane: Lane) {
        let removed = match self.lanes.get_mut(lane.0) {
            Some(lane) => lane.pop_front(),
            None => self.calendar.pop(),
        };
        self.count -= usize::from(removed.is_some());
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&Due) -> bool) {
        for lane in &mut self.lanes {
            lane.retain(&keep);
        }
        self.calendar.retain(&keep);
        let in_lanes = self.lanes.iter().map(VecDeque::len).sum::<usize>();
        self.count = in_lanes + self.calendar.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    use crate::table::Table;

    /// Dues of so many milliseconds, in the order given.
    fn dues(milliseconds: impl IntoIterator<Item = u64>) -> Vec<Due> {
        let start = Instant::now();
        let id = Table::of(crate::id::Space::Timers).insert(()).unwrap();
        let due = |(sequence, delay): (u64, u64)| Due {
            deadline: start + Duration::from_millis(delay),
            sequence,
            id,
        };
        (0..).zip(milliseconds).map(due).collect()
    }

    fn deadlines(dues: &[Due]) -> Deadlines {
        let mut deadlines = Deadlines::new(0);
        dues.iter().for_each(|due| deadlines.push(*due));
        deadlines
    }

    fn drain(deadlines: &mut Deadlines) -> Vec<Due> {
        let mut next = || {
            let (first, lane) = deadlines.first().map(|(due, lane)| (*due, lane))?;
            deadlines.discard(lane);
            Some(first)
        };
        std::iter::from_fn(&mut next).collect()
    }

    #[test]
    fn they_come_in_order_whatever_the_order_they_were_given_in() {
        let mut given = dues((0..1000).map(|n| n * 7919 % 500));
        let mut deadlines = deadlines(&given);
        assert!(deadlines.calendar.len() > 0);
        given.sort();
        assert_eq!(drain(&mut deadlines), given);
    }

    #[test]
    fn as_many_intervals_as_there_are_lanes_keep_out_of_the_calendar() {
        let mut given = dues((0..1000).flat_map(|n| [n + 60_000, n + 20, n + 5_000]));
        let mut deadlines = deadlines(&given);
        assert_eq!(deadlines.calendar.len(), 0);
        given.sort();
        assert_eq!(drain(&mut deadlines), given);
    }

    #[test]
    fn what_is_not_kept_is_gone_from_lanes_and_calendar() {
        let mut given = dues((0..1000).map(|n| n * 7919 % 500));
        let mut deadlines = deadlines(&given);
        deadlines.retain(|due| due.sequence % 3 == 0);
        given.retain(|due| due.sequence % 3 == 0);
        given.sort();
        assert_eq!(drain(&mut deadlines), given);
    }
}
