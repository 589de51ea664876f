//! How long tests wait for what must happen.

use std::time::Duration;

/// A limit, made longer where everything is slower, as the specs' are: by an emulator.
pub fn patience(limit: Duration) -> Duration {
    let factor = std::env::var("SPEC_PATIENCE").ok();
    limit * factor.and_then(|text| text.parse().ok()).unwrap_or(1)
}
