//! Connections that are opened and closed, one after the other.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use crate::options::Options;
use crate::summary::Summary;

/// Connects, half-closes and waits for the server to close, `messages` times.
pub fn run(options: &Options) -> io::Result<Summary> {
    let mut latencies = Vec::with_capacity(options.messages);
    let start = Instant::now();
    for _ in 0..options.messages {
        let since = Instant::now();
        let mut stream = TcpStream::connect(options.address)?;
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new())?;
        latencies.push(since.elapsed());
    }
    Ok(Summary {
        elapsed: start.elapsed(),
        latencies,
    })
}
