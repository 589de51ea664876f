//! What is counted while metrics are on.

use std::time::{Duration, Instant};

use em_reactor::{Pace, Traffic};

use super::kind::Kind;

/// The counters.
#[derive(Clone)]
pub(super) struct Meter {
    /// What takes as long is reported.
    pub(super) limit: Duration,
    /// How many callbacks there were of each kind, and how long they took.
    pub(super) callbacks: [(u64, Duration); Kind::ALL.len()],
    pub(super) pace: Pace,
    pub(super) traffic: Traffic,
    /// What of a loop's traffic is in there already, and which loop that is.
    counted: (u64, Traffic),
    /// Whether there is a loop, be it that nothing is counted.
    in_loop: bool,
}

impl Meter {
    pub(super) const NEW: Self = Self {
        limit: Duration::MAX,
        callbacks: [(0, Duration::ZERO); Kind::ALL.len()],
        pace: Pace::NEW,
        traffic: NOTHING,
        counted: (0, NOTHING),
        in_loop: false,
    };

    /// Begins at zero. `traffic` is what the loop of this serial number has had until now.
    pub(super) fn reset(&mut self, now: Instant, traffic: Option<(u64, Traffic)>) {
        *self = Self {
            limit: self.limit,
            counted: traffic.unwrap_or((0, NOTHING)),
            in_loop: self.in_loop,
            ..Self::NEW
        };
        self.pace.begin(self.in_loop.then_some(now));
    }

    /// A loop begins, or ends.
    pub(super) fn in_loop(&mut self, in_loop: bool, counts: bool, now: Instant) {
        self.in_loop = in_loop;
        self.pace.account(now);
        self.pace.begin((in_loop && counts).then_some(now));
    }

    /// Ends counting.
    pub(super) fn end(&mut self, now: Instant) {
        self.pace.account(now);
        self.pace.begin(None);
    }

    /// Counts a callback.
    pub(super) fn count(&mut self, kind: Kind, took: Duration) {
        let (count, time) = &mut self.callbacks[kind as usize];
        *count += 1;
        *time += took;
    }

    /// Takes what a loop's traffic has become.
    pub(super) fn count_traffic(&mut self, serial: u64, traffic: Traffic) {
        let before = match self.counted.0 == serial {
            true => self.counted.1,
            false => NOTHING,
        };
        self.traffic.received += traffic.received.saturating_sub(before.received);
        self.traffic.sent += traffic.sent.saturating_sub(before.sent);
        self.counted = (serial, traffic);
    }
}

const NOTHING: Traffic = Traffic {
    received: 0,
    sent: 0,
};
