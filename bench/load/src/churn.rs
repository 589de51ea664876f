//! Connections that are opened and closed, one after the other.

use std::hint;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::options::{Address, Options};
use crate::summary::Summary;

/// Connects, half-closes and waits for the server to close, `connections` times; with a rate at scheduled
/// instants, from which latencies are measured.
pub fn run(options: &Options, connections: usize, rate: Option<usize>) -> io::Result<Summary> {
    let Address::Inet(address) = options.address else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let mut latencies = Vec::with_capacity(connections);
    let start = Instant::now();
    for index in 0..connections {
        let due = rate.map_or_else(Instant::now, |rate| {
            start + Duration::from_secs_f64(index as f64 / rate as f64)
        });
        while Instant::now() < due {
            hint::spin_loop();
        }
        connect_and_close(address)?;
        latencies.push(due.elapsed());
    }
    Ok(Summary::new(1, start.elapsed(), latencies, 0))
}

fn connect_and_close(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.shutdown(Shutdown::Write)?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}
