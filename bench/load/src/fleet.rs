//! All connections of a load.

use std::io;
use std::thread;
use std::time::Duration;

use mio::{Events, Poll, Token};

use crate::client::Client;
use crate::options::Options;
use crate::socket::Socket;

/// How many connections are made at once: no more than wait in a server's queue for being accepted.
const BURST: usize = 50;

/// The time that a server gets to accept them.
const PAUSE: Duration = Duration::from_millis(2);

/// Connections, what is sent over them, and what tells their events.
pub struct Fleet {
    pub poll: Poll,
    pub events: Events,
    pub clients: Vec<Client>,
    pub message: Vec<u8>,
    /// The size of the answer to it.
    pub reply: usize,
    /// How many operations a message stands for.
    pub pipeline: usize,
    pub buffer: Vec<u8>,
    _idle: Vec<Socket>,
}

impl Fleet {
    /// Makes all connections.
    pub fn connect(options: &Options, datagrams: bool) -> io::Result<Self> {
        let poll = Poll::new()?;
        let idle = sockets(options, options.idle, datagrams)?;
        let mut sockets = sockets(options, options.connections, datagrams)?;
        for (index, socket) in sockets.iter_mut().enumerate() {
            socket.register(poll.registry(), Token(index))?;
        }
        let message = options.message.repeat(options.pipeline);
        let reply = options.reply * options.pipeline;
        Ok(Self {
            poll,
            events: Events::with_capacity(options.connections.max(64)),
            clients: sockets.into_iter().map(Client::new).collect(),
            buffer: vec![0; reply.max(64 * 1024) + 1],
            message,
            reply,
            pipeline: options.pipeline,
            _idle: idle,
        })
    }

    /// Sends once more the datagrams that are not answered.
    pub fn repeat(&mut self) -> io::Result<()> {
        let mut clients = self.clients.iter_mut();
        clients.try_for_each(|client| client.repeat(&self.message))
    }
}

fn sockets(options: &Options, count: usize, datagrams: bool) -> io::Result<Vec<Socket>> {
    (0..count)
        .map(|index| {
            if index % BURST == BURST - 1 {
                thread::sleep(PAUSE);
            }
            Socket::connect(&options.address, datagrams)
        })
        .collect()
}
