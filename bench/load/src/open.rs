//! At a fixed rate, whether the server keeps up or not.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::summary::Summary;

/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long all answers may be missing before datagrams are taken for lost.
const LOST: Duration = Duration::from_millis(500);

/// Sends `operations` at `rate` a second, one message at a time on each connection, on the connections in
/// turn. Latencies count from the instant for which a message was scheduled, so that it counts, too, how
/// long it waited for a connection. It does not sleep, since the core is its own and sleeping is not precise.
pub fn run(fleet: &mut Fleet, operations: usize, rate: usize) -> io::Result<Summary> {
    let messages = operations.div_ceil(fleet.pipeline);
    let interval = fleet.pipeline as f64 / rate as f64;
    let mut latencies = Vec::with_capacity(messages);
    let mut free: VecDeque<usize> = (0..fleet.clients.len()).collect();
    let start = Instant::now();
    let due = |index: usize| start + Duration::from_secs_f64(interval * index as f64);
    let deadline = due(messages) + PATIENCE;
    let mut issued = 0;
    let mut last_answer = start;
    while latencies.len() < messages {
        let now = Instant::now();
        if now > deadline {
            break;
        }
        while issued < messages && due(issued) <= now {
            let Some(index) = free.pop_front() else {
                break;
            };
            fleet.clients[index].begin(&fleet.message, due(issued))?;
            issued += 1;
        }
        if answers(fleet, &mut free, &mut latencies)? {
            last_answer = now;
        } else if now - last_answer > LOST {
            fleet.repeat()?;
            last_answer = now;
        }
    }
    let elapsed = start.elapsed();
    let answered = latencies.len();
    latencies.extend((answered..messages).map(|index| due(index).elapsed()));
    Ok(Summary::new(
        fleet.pipeline,
        elapsed,
        latencies,
        messages - answered,
    ))
}

/// Takes the answers that are there; whether there were any.
fn answers(
    fleet: &mut Fleet,
    free: &mut VecDeque<usize>,
    latencies: &mut Vec<Duration>,
) -> io::Result<bool> {
    let before = latencies.len();
    fleet.poll.poll(&mut fleet.events, Some(Duration::ZERO))?;
    for event in &fleet.events {
        let index = event.token().0;
        let client = &mut fleet.clients[index];
        client.flush(&fleet.message)?;
        if client.receive(&mut fleet.buffer, fleet.reply, latencies)? {
            free.push_back(index);
        }
    }
    Ok(latencies.len() > before)
}
