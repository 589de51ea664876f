//! Ping-pong on many connections at once.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream as StdStream;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::options::Options;
use crate::summary::Summary;

/// One connection with one message under way.
struct Client {
    stream: TcpStream,
    sent: usize,
    received: usize,
    since: Instant,
}

/// Runs until `messages` messages have come back.
pub fn run(options: &Options) -> io::Result<Summary> {
    let message = vec![b'x'; options.size];
    let mut buffer = vec![0; options.size.max(64 * 1024)];
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(options.connections.max(64));
    let mut clients = connect(options, &poll)?;
    let mut latencies = Vec::with_capacity(options.messages);

    let start = Instant::now();
    let mut issued = 0;
    for client in clients.iter_mut().take(options.messages) {
        client.begin(&message)?;
        issued += 1;
    }
    while latencies.len() < options.messages {
        poll.poll(&mut events, None)?;
        for event in &events {
            let client = &mut clients[event.token().0];
            client.send(&message)?;
            while client.receive(&mut buffer, options.reply)? {
                latencies.push(client.since.elapsed());
                if issued < options.messages {
                    issued += 1;
                    client.begin(&message)?;
                }
            }
        }
    }
    Ok(Summary {
        elapsed: start.elapsed(),
        latencies,
    })
}

fn connect(options: &Options, poll: &Poll) -> io::Result<Vec<Client>> {
    (0..options.connections)
        .map(|index| {
            let stream = StdStream::connect(options.address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut stream, Token(index), interest)?;
            let idle = usize::MAX;
            Ok(Client {
                stream,
                sent: idle,
                received: 0,
                since: Instant::now(),
            })
        })
        .collect()
}

impl Client {
    fn begin(&mut self, message: &[u8]) -> io::Result<()> {
        self.sent = 0;
        self.received = 0;
        self.since = Instant::now();
        self.send(message)
    }

    /// Sends what the socket takes of the rest of the message.
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        while self.sent < message.len() {
            match self.stream.write(&message[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there; whether that completes the message. A short read means that the socket is empty.
    fn receive(&mut self, buffer: &mut [u8], size: usize) -> io::Result<bool> {
        if self.received == size {
            return Ok(false);
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.received += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            if self.received == size {
                return Ok(true);
            }
        }
    }
}
