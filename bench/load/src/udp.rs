//! Ping-pong of datagrams, one under way on each socket.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::options::Options;
use crate::summary::Summary;

/// How long a datagram may take before it is taken for lost and sent again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs until `messages` datagrams have come back.
pub fn run(options: &Options) -> io::Result<Summary> {
    let message = vec![b'x'; options.size];
    let mut buffer = vec![0; 65_536];
    let sockets = connect(options)?;
    let mut latencies = Vec::with_capacity(options.messages);
    let mut sent = vec![Instant::now(); sockets.len()];

    let start = Instant::now();
    while latencies.len() < options.messages {
        for (socket, since) in sockets.iter().zip(&mut sent) {
            *since = Instant::now();
            socket.send(&message)?;
        }
        for (socket, since) in sockets.iter().zip(&sent) {
            receive(socket, &message, &mut buffer)?;
            latencies.push(since.elapsed());
        }
    }
    Ok(Summary {
        elapsed: start.elapsed(),
        latencies,
    })
}

fn connect(options: &Options) -> io::Result<Vec<UdpSocket>> {
    (0..options.connections)
        .map(|_| {
            let socket = UdpSocket::bind(("127.0.0.1", 0))?;
            socket.connect(options.address)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            Ok(socket)
        })
        .collect()
}

fn receive(socket: &UdpSocket, message: &[u8], buffer: &mut [u8]) -> io::Result<()> {
    loop {
        match socket.recv(buffer) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => socket.send(message)?,
            Err(error) => return Err(error),
        };
    }
}
