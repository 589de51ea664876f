//! As fast as the server answers: one message under way on each connection.

use std::io;
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::summary::Summary;

/// How long all answers may be missing before datagrams are taken for lost.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs until `operations` have been answered.
pub fn run(fleet: &mut Fleet, operations: usize) -> io::Result<Summary> {
    let messages = operations.div_ceil(fleet.pipeline);
    let mut latencies = Vec::with_capacity(messages);
    let start = Instant::now();
    let mut issued = 0;
    for client in fleet.clients.iter_mut().take(messages) {
        client.begin(&fleet.message, Instant::now())?;
        issued += 1;
    }
    while latencies.len() < messages {
        fleet.poll.poll(&mut fleet.events, Some(PATIENCE))?;
        if fleet.events.is_empty() {
            fleet.repeat()?;
        }
        for event in &fleet.events {
            let client = &mut fleet.clients[event.token().0];
            client.flush(&fleet.message)?;
            let answered = client.receive(&mut fleet.buffer, fleet.reply, &mut latencies)?;
            if answered && issued < messages {
                issued += 1;
                client.begin(&fleet.message, Instant::now())?;
            }
        }
    }
    let elapsed = start.elapsed();
    Ok(Summary::new(fleet.pipeline, elapsed, latencies, 0))
}
