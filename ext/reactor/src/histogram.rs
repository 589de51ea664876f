//! Durations, counted by their order of magnitude.

use std::time::Duration;

/// So many buckets double a duration: a percentile is at most a quarter too long.
const PER_OCTAVE: usize = 4;
/// What is shorter is in the first bucket.
const FIRST: Duration = Duration::from_micros(1);
/// From a microsecond to a minute; the last has all that is longer.
const BUCKETS: usize = 26 * PER_OCTAVE + 2;

/// How many durations there were of which length.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    sum: Duration,
    longest: Duration,
}

impl Histogram {
    pub(crate) const NEW: Self = Self {
        counts: [0; BUCKETS],
        sum: Duration::ZERO,
        longest: Duration::ZERO,
    };

    pub(crate) fn add(&mut self, duration: Duration) {
        self.counts[bucket(duration)] += 1;
        self.sum += duration;
        self.longest = self.longest.max(duration);
    }

    /// What all take together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The buckets, each with the longest that it has, in seconds.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.counts.iter().enumerate().map(|(index, &count)| {
            let bound = match index + 1 {
                BUCKETS => f64::INFINITY,
                _ => bound(index).as_secs_f64(),
            };
            (bound, count)
        })
    }
}

/// The bucket of a duration: by the place of its highest bit, and by the two bits after that.
fn bucket(duration: Duration) -> usize {
    let quarters = duration
        .as_nanos()
        .saturating_sub(1)
        .saturating_mul(PER_OCTAVE as u128)
        / FIRST.as_nanos();
    if quarters < PER_OCTAVE as u128 {
        return 0;
    }
    let octave = quarters.ilog2() as usize - 2;
    let part = (quarters >> octave) as usize - PER_OCTAVE;
    (1 + octave * PER_OCTAVE + part).min(BUCKETS - 1)
}

/// The longest duration that a bucket has.
fn bound(index: usize) -> Duration {
    let Some(place) = index.checked_sub(1) else {
        return FIRST;
    };
    let (octave, part) = (place / PER_OCTAVE, place % PER_OCTAVE);
    FIRST * (1 << octave) * (PER_OCTAVE + part + 1) as u32 / PER_OCTAVE as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_the_first_bucket_that_is_long_enough() {
        for nanos in (0..20_000).chain((20_000..100_000_000).step_by(7_919)) {
            let duration = Duration::from_nanos(nanos);
            let bucket = bucket(duration);
            assert!(duration <= bound(bucket), "{nanos} in {bucket}");
            assert!(
                bucket == 0 || duration > bound(bucket - 1),
                "{nanos} in {bucket}"
            );
        }
    }

    #[test]
    fn buckets_grow_by_at_most_a_quarter() {
        for index in 1..BUCKETS - 1 {
            let ratio = bound(index).as_secs_f64() / bound(index - 1).as_secs_f64();
            assert!((1.1..=1.26).contains(&ratio), "{index}: {ratio}");
        }
    }

    #[test]
    fn the_last_bucket_has_what_is_longer_than_all() {
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        assert_eq!(bucket(Duration::from_secs(60)), BUCKETS - 2);
    }
}
