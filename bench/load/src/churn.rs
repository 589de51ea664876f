//! Connections that are opened and closed, some at once.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::options::{Address, Options};
use crate::summary::Summary;

/// Connects, half-closes and waits for the server to close, `total` times, with as many connections at once
/// as the options tell; with a rate at scheduled instants, from which latencies are measured.
pub fn run(options: &Options, total: usize, rate: Option<usize>) -> io::Result<Summary> {
    let Address::Inet(address) = options.address else {
        return Err(ErrorKind::Unsupported.into());
    };
    // With a rate nothing may sleep, since sleeping is not precise.
    let sleepless = rate.is_some();
    let mut latencies = Vec::with_capacity(total);
    let mut open = VecDeque::with_capacity(options.connections);
    let start = Instant::now();
    let due = |index: usize| match rate {
        Some(rate) => start + Duration::from_secs_f64(index as f64 / rate as f64),
        None => Instant::now(),
    };
    let mut issued = 0;
    while latencies.len() < total {
        while issued < total && open.len() < options.connections {
            let since = due(issued);
            if since > Instant::now() {
                break;
            }
            open.push_back((connect(address, sleepless)?, since));
            issued += 1;
        }
        // The first is waited for, or all are looked at.
        let looked_at = if sleepless { open.len() } else { 1 };
        for _ in 0..looked_at {
            let Some((mut stream, since)) = open.pop_front() else {
                break;
            };
            if has_ended(&mut stream)? {
                latencies.push(since.elapsed());
            } else {
                open.push_back((stream, since));
            }
        }
    }
    Ok(Summary::new(1, start.elapsed(), latencies, 0))
}

fn connect(address: SocketAddr, sleepless: bool) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_nonblocking(sleepless)?;
    Ok(stream)
}

fn has_ended(stream: &mut TcpStream) -> io::Result<bool> {
    match stream.read(&mut [0; 64]) {
        Ok(count) => Ok(count == 0),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// How long the server keeps a connection.
    const KEPT: Duration = Duration::from_millis(2);

    fn run_against_server(connections: &str, rate: Option<usize>) -> (Duration, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its number").to_string();
        thread::spawn(move || {
            for stream in listener.incoming() {
                thread::sleep(KEPT);
                drop(stream);
            }
        });
        let arguments = [&address, "--connections", connections].map(String::from);
        let options = Options::parse(arguments.into_iter()).expect("options");
        let start = Instant::now();
        let summary = run(&options, 20, rate).expect("connections");
        (start.elapsed(), summary.into_json())
    }

    #[test]
    fn all_connections_are_waited_for() {
        for connections in ["1", "7", "50"] {
            let (elapsed, told) = run_against_server(connections, None);
            assert!(told.starts_with(r#"{"operations":20,"#), "{told}");
            assert!(elapsed >= 20 * KEPT, "{elapsed:?}");
        }
    }

    #[test]
    fn connections_are_made_at_their_instants() {
        let (elapsed, told) = run_against_server("5", Some(100));
        assert!(told.starts_with(r#"{"operations":20,"#), "{told}");
        assert!(elapsed >= Duration::from_millis(190), "{elapsed:?}");
    }
}
