//! At a fixed rate, whether the server keeps up or not.

use std::io;
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::summary::Summary;

/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Sends `operations` at `rate` a second, on the connections in turn. Latencies count from the instant for
/// which a message was scheduled. It does not sleep, since the core is its own and sleeping is not precise.
pub fn run(fleet: &mut Fleet, operations: usize, rate: usize) -> io::Result<Summary> {
    let messages = operations.div_ceil(fleet.pipeline);
    let interval = fleet.pipeline as f64 / rate as f64;
    let mut latencies = Vec::with_capacity(messages);
    let start = Instant::now();
    let due = |index: usize| start + Duration::from_secs_f64(interval * index as f64);
    let deadline = due(messages) + PATIENCE;
    let mut issued = 0;
    while latencies.len() < messages {
        let now = Instant::now();
        if now > deadline {
            break;
        }
        while issued < messages && due(issued) <= now {
            let index = issued % fleet.clients.len();
            fleet.clients[index].begin(&fleet.message, due(issued))?;
            issued += 1;
        }
        answers(fleet, &mut latencies)?;
    }
    let elapsed = start.elapsed();
    let answered = latencies.len();
    latencies.extend(fleet.clients.iter_mut().flat_map(|client| client.give_up()));
    let unanswered = latencies.len() - answered;
    Ok(Summary::new(fleet.pipeline, elapsed, latencies, unanswered))
}

fn answers(fleet: &mut Fleet, latencies: &mut Vec<Duration>) -> io::Result<()> {
    fleet.poll.poll(&mut fleet.events, Some(Duration::ZERO))?;
    for event in &fleet.events {
        let client = &mut fleet.clients[event.token().0];
        client.flush(&fleet.message)?;
        client.receive(&mut fleet.buffer, fleet.reply, latencies)?;
    }
    Ok(())
}
