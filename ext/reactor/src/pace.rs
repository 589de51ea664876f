//! Where the time of a loop goes: into work, or into waiting for some.

use std::time::{Duration, Instant};

use crate::histogram::Histogram;

/// The load is that of the last so long.
const WINDOW: Duration = Duration::from_secs(1);

/// A clock of a loop, which tells it what it does. Between loops time does not count.
#[derive(Debug, Clone)]
pub struct Pace {
    turns: u64,
    busy: Duration,
    idle: Duration,
    lag: Histogram,
    /// Until when the time is counted, while it is.
    since: Option<Instant>,
    waits: bool,
    /// When the loop has looked last for what has happened.
    looked: Option<Instant>,
    /// By how much the last wait was longer than it was to be.
    late: Duration,
    /// When the load was found out last, and how long the loop had been idle until then.
    window: Option<(Instant, Duration)>,
    load: Option<f64>,
}

impl Pace {
    /// One that has counted nothing.
    pub const NEW: Self = Self {
        turns: 0,
        busy: Duration::ZERO,
        idle: Duration::ZERO,
        lag: Histogram::NEW,
        since: None,
        waits: false,
        looked: None,
        late: Duration::ZERO,
        window: None,
        load: None,
    };

    /// Counts the time from `begun` on; none does not count.
    pub fn begin(&mut self, begun: Option<Instant>) {
        self.since = begun;
        self.looked = begun;
        self.waits = false;
        self.late = Duration::ZERO;
        self.window = begun.map(|begun| (begun, self.idle));
        self.load = None;
    }

    /// Adds the time until `now` to what it was spent with.
    pub fn account(&mut self, now: Instant) {
        if let Some(since) = &mut self.since {
            let spent = now.saturating_duration_since(*since);
            *since = now;
            match self.waits {
                true => self.idle += spent,
                false => self.busy += spent,
            }
        }
    }

    /// The loop looks for what has happened: what is ready by now has waited since the last look at
    /// most, or longer, if a wait was too long.
    pub fn looks(&mut self, now: Instant) {
        let Some(looked) = self.looked else { return };
        self.account(now);
        self.turns += 1;
        let late = std::mem::take(&mut self.late);
        self.lag.add(now.saturating_duration_since(looked) + late);
        let Some((begun, idle)) = self.window else {
            return;
        };
        let length = now.saturating_duration_since(begun);
        if length >= WINDOW {
            self.load = Some(share(length, self.idle - idle));
            self.window = Some((now, self.idle));
        }
    }

    /// The loop begins to wait.
    pub fn waits(&mut self, now: Instant) {
        self.account(now);
        self.waits = true;
    }

    /// The loop has waited since `start`, for a time that was to be no longer than `limit`.
    pub fn waited(&mut self, start: Instant, now: Instant, limit: Option<Duration>) {
        self.account(now);
        self.waits = false;
        let waited = now.saturating_duration_since(start);
        self.late = limit.map_or(Duration::ZERO, |limit| waited.saturating_sub(limit));
    }

    /// The loop has looked, and acts on what it has found.
    pub fn looked(&mut self, now: Instant) {
        self.account(now);
        if self.since.is_some() {
            self.looked = Some(now);
        }
    }

    /// How often the loop has looked.
    pub fn turns(&self) -> u64 {
        self.turns
    }

    /// How long it has worked.
    pub fn busy(&self) -> Duration {
        self.busy
    }

    /// How long it has waited.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// How long what was ready had to wait, in each turn.
    pub fn lag(&self) -> &Histogram {
        &self.lag
    }

    /// The share of the time until `now` that it has worked lately; the time must be
    /// [accounted](Self::account) for.
    pub fn load(&self, now: Instant) -> f64 {
        let Some((begun, idle)) = self.window else {
            return 0.0;
        };
        let length = now.saturating_duration_since(begun);
        match self.load {
            Some(load) if length < WINDOW => load,
            _ => share(length, self.idle - idle),
        }
    }
}

/// The share of a time that was not idle.
fn share(length: Duration, idle: Duration) -> f64 {
    if length.is_zero() {
        return 0.0;
    }
    1.0 - (idle.as_secs_f64() / length.as_secs_f64()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// A pace, and a turn of it that works, then waits for `wait` where `limit` was to be.
    struct Turns {
        pace: Pace,
        now: Instant,
    }

    impl Turns {
        fn new() -> Self {
            let (mut pace, now) = (Pace::NEW, Instant::now());
            pace.begin(Some(now));
            Self { pace, now }
        }

        fn turn(&mut self, work: Duration, wait: Duration, limit: Option<Duration>) {
            self.now += work;
            self.pace.looks(self.now);
            self.pace.waits(self.now);
            let start = self.now;
            self.now += wait;
            self.pace.waited(start, self.now, limit);
            self.pace.looked(self.now);
        }
    }

    #[test]
    fn work_and_waiting_are_told_apart() {
        let mut turns = Turns::new();
        turns.turn(ms(1), ms(9), None);
        turns.turn(ms(2), ms(8), Some(ms(8)));
        assert_eq!(turns.pace.turns(), 2);
        assert_eq!(turns.pace.busy(), ms(3));
        assert_eq!(turns.pace.idle(), ms(17));
        assert_eq!(turns.pace.lag().sum(), ms(3));
        assert_eq!(turns.pace.lag().longest(), ms(2));
    }

    #[test]
    fn a_wait_that_was_too_long_is_lag_of_the_next_turn() {
        let mut turns = Turns::new();
        turns.turn(ms(1), ms(50), Some(ms(20)));
        turns.turn(ms(1), ms(1), None);
        assert_eq!(turns.pace.lag().longest(), ms(31));
        turns.turn(ms(1), ms(1), None);
        assert_eq!(turns.pace.lag().sum(), ms(33));
        assert_eq!(turns.pace.busy(), ms(3));
    }

    #[test]
    fn who_asks_amid_a_turn_changes_nothing_of_it() {
        let mut turns = Turns::new();
        turns.pace.account(turns.now + ms(3));
        assert_eq!(turns.pace.busy(), ms(3));
        turns.turn(ms(5), ms(5), None);
        assert_eq!(turns.pace.lag().longest(), ms(5));
        assert_eq!(turns.pace.busy(), ms(5));
    }

    #[test]
    fn the_load_is_that_of_the_last_second() {
        let mut turns = Turns::new();
        assert_eq!(turns.pace.load(turns.now), 0.0);
        turns.turn(ms(100), ms(300), None);
        let load = turns.pace.load(turns.now);
        assert!((0.249..0.251).contains(&load), "{load}");
        turns.turn(ms(0), ms(600), None);
        turns.turn(ms(600), ms(400), None);
        let load = turns.pace.load(turns.now);
        assert!((0.4..=0.5).contains(&load), "{load}");
        turns.turn(ms(1000), ms(0), None);
        turns.turn(ms(1000), ms(0), None);
        assert_eq!(turns.pace.load(turns.now), 1.0);
    }

    #[test]
    fn a_long_wait_is_no_load_for_who_asks_during_it() {
        let mut turns = Turns::new();
        turns.turn(ms(1000), ms(0), None);
        turns.turn(ms(1000), ms(0), None);
        turns.pace.waits(turns.now);
        let later = turns.now + Duration::from_secs(60);
        turns.pace.account(later);
        assert!(turns.pace.load(later) < 0.02);
    }

    #[test]
    fn between_loops_nothing_counts() {
        let mut turns = Turns::new();
        turns.turn(ms(1), ms(1), None);
        turns.pace.begin(None);
        turns.turn(ms(100), ms(100), Some(ms(1)));
        assert_eq!(turns.pace.turns(), 1);
        assert_eq!(turns.pace.busy() + turns.pace.idle(), ms(2));
        assert_eq!(turns.pace.load(turns.now), 0.0);
        turns.pace.begin(Some(turns.now));
        turns.turn(ms(2), ms(0), None);
        assert_eq!(turns.pace.lag().longest(), ms(2));
    }
}
