//! What a load measured.

use std::time::Duration;

/// The number of operations, how long they took together, and how long each took.
pub struct Summary {
    pub elapsed: Duration,
    pub latencies: Vec<Duration>,
}

impl Summary {
    /// One line of JSON; times in seconds, latencies in microseconds.
    pub fn into_json(mut self) -> String {
        self.latencies.sort_unstable();
        format!(
            "{{\"operations\":{},\"seconds\":{:.6},\"p50\":{:.1},\"p99\":{:.1}}}",
            self.latencies.len(),
            self.elapsed.as_secs_f64(),
            self.percentile(50),
            self.percentile(99),
        )
    }

    fn percentile(&self, percent: usize) -> f64 {
        let index = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies
            .get(index)
            .map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}
