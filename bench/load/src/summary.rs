//! What a load measured.

use std::time::Duration;

/// The number of operations, how long they took together, and how long messages took.
pub struct Summary {
    operations: usize,
    elapsed: Duration,
    latencies: Vec<Duration>,
    unanswered: usize,
}

impl Summary {
    /// `pipeline` is how many operations a message stands for. The latencies include those of unanswered
    /// messages, which are shorter than they would be.
    pub fn new(
        pipeline: usize,
        elapsed: Duration,
        mut latencies: Vec<Duration>,
        unanswered: usize,
    ) -> Self {
        latencies.sort_unstable();
        Self {
            operations: (latencies.len() - unanswered) * pipeline,
            elapsed,
            latencies,
            unanswered,
        }
    }

    /// One line of JSON; times in seconds, latencies in microseconds.
    pub fn into_json(self) -> String {
        format!(
            concat!(
                r#"{{"operations":{},"seconds":{:.6},"unanswered":{},"#,
                r#""p50":{:.1},"p90":{:.1},"p99":{:.1},"p999":{:.1},"max":{:.1}}}"#,
            ),
            self.operations,
            self.elapsed.as_secs_f64(),
            self.unanswered,
            self.percentile(500),
            self.percentile(900),
            self.percentile(990),
            self.percentile(999),
            self.percentile(1000),
        )
    }

    /// The least latency that as many thousandths do not exceed.
    fn percentile(&self, thousandths: usize) -> f64 {
        let rank = (self.latencies.len() * thousandths).div_ceil(1000);
        self.latencies
            .get(rank.saturating_sub(1))
            .map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(latencies: impl IntoIterator<Item = u64>) -> Summary {
        let latencies = latencies.into_iter().map(Duration::from_micros).collect();
        Summary::new(1, Duration::from_secs(1), latencies, 0)
    }

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let hundred = summary((1..=100).rev());
        assert_eq!(hundred.percentile(500), 50.0);
        assert_eq!(hundred.percentile(990), 99.0);
        assert_eq!(hundred.percentile(999), 100.0);
        assert_eq!(hundred.percentile(1000), 100.0);
    }

    #[test]
    fn nothing_measured_has_no_latency() {
        assert_eq!(summary([]).percentile(990), 0.0);
    }

    #[test]
    fn a_message_may_stand_for_several_operations() {
        let latencies = vec![Duration::from_micros(7); 3];
        let json = Summary::new(10, Duration::from_secs(2), latencies, 1).into_json();
        assert!(
            json.starts_with(r#"{"operations":20,"seconds":2.000000,"unanswered":1,"p50":7.0"#),
            "{json}"
        );
    }
}
