//! Driving a reactor from a test.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    reason = "each test file uses its own part of this, which fails by panics"
)]

mod patience;

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use em_reactor::{BorrowedDescriptor, Event, Id, Poller, RawDescriptor, Reactor};

pub use patience::patience;

/// Numbers of errors and options, by the names that Unix has for them.
#[cfg(unix)]
pub use libc as system;

/// Numbers of errors and options, by the names that Unix has for them.
#[cfg(windows)]
pub mod system {
    pub use windows_sys::Win32::Networking::WinSock::{
        SO_KEEPALIVE, SOL_SOCKET, WSAEADDRINUSE as EADDRINUSE, WSAECONNABORTED as EPIPE,
        WSAECONNREFUSED as ECONNREFUSED, WSAECONNRESET as ECONNRESET, WSAETIMEDOUT as ETIMEDOUT,
    };
}

/// The descriptor of a socket outside of the loop.
pub fn descriptor(stream: &TcpStream) -> BorrowedDescriptor<'_> {
    #[cfg(unix)]
    return std::os::fd::AsFd::as_fd(stream);
    #[cfg(windows)]
    return std::os::windows::io::AsSocket::as_socket(stream);
}

/// The number of the descriptor of a socket outside of the loop.
pub fn number(stream: &TcpStream) -> RawDescriptor {
    #[cfg(unix)]
    return std::os::fd::AsRawFd::as_raw_fd(stream);
    #[cfg(windows)]
    return std::os::windows::io::AsRawSocket::as_raw_socket(stream);
}

/// Two sockets outside of the loop that are connected to each other.
pub fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// A test that waits longer has failed.
const LIMIT: Duration = Duration::from_secs(10);

/// A reactor with its poller and a buffer.
pub struct Loop {
    pub reactor: Reactor,
    pub poller: Poller,
    buffer: Vec<u8>,
}

/// An event, with its bytes where it has some.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub event: Event,
    pub data: Vec<u8>,
}

impl Loop {
    pub fn new() -> Self {
        let (reactor, poller) = Reactor::new(Instant::now()).unwrap();
        Self {
            reactor,
            poller,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// One turn, in which a poll waits for at most `wait`. Each event is acted on by `act`.
    pub fn turn(&mut self, wait: Duration, mut act: impl FnMut(&mut Reactor, &Seen)) {
        self.reactor.begin_turn(Instant::now());
        while let Some(event) = self.reactor.next_timer() {
            act(
                &mut self.reactor,
                &Seen {
                    event,
                    data: Vec::new(),
                },
            );
            self.reactor.flush();
        }
        self.poll(wait);
        while let Some(event) = self.next() {
            let data = match event {
                Event::Data { len, .. } => self.buffer[..len].to_vec(),
                _ => Vec::new(),
            };
            let unbound = match event {
                Event::Unbound { id, .. } => Some(id),
                _ => None,
            };
            act(&mut self.reactor, &Seen { event, data });
            if let Some(id) = unbound {
                self.reactor.release(id);
            }
            self.reactor.flush();
        }
    }

    /// Polls for at most `wait`, and has the events of the turn follow.
    pub fn poll(&mut self, wait: Duration) {
        let timeout = self.reactor.poll_timeout(Instant::now());
        let timeout = timeout.unwrap_or(wait).min(wait);
        self.poller.poll(Some(timeout)).unwrap();
        self.reactor.collect(&self.poller, Instant::now());
    }

    /// The next event of the turn, with nothing written after it.
    pub fn next(&mut self) -> Option<Event> {
        let event = self.reactor.next_event(&mut self.buffer);
        event.or_else(|| self.reactor.next_end())
    }

    /// Turns until `act` says that it has seen enough.
    pub fn run_until(&mut self, mut act: impl FnMut(&mut Reactor, &Seen) -> bool) {
        let start = Instant::now();
        let mut done = false;
        while !done {
            assert!(start.elapsed() < patience(LIMIT), "nothing more happens");
            self.turn(Duration::from_millis(200), |reactor, seen| {
                done |= act(reactor, seen)
            });
        }
    }

    /// The first event for which `wanted` gives something.
    pub fn wait_for<T>(&mut self, mut wanted: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut found = None;
        self.run_until(|_, seen| {
            if found.is_none() {
                found = wanted(seen);
            }
            found.is_some()
        });
        found.unwrap()
    }

    /// A listener on loopback, and its address.
    pub fn listen(&mut self) -> (Id, std::net::SocketAddr) {
        let id = self
            .reactor
            .listen_tcp("127.0.0.1:0".parse().unwrap())
            .unwrap();
        (id, self.local_address(id))
    }

    pub fn local_address(&self, id: Id) -> std::net::SocketAddr {
        let name = self.reactor.socket_name(id).unwrap();
        let port = u16::from_be_bytes([name[2], name[3]]);
        ([127, 0, 0, 1], port).into()
    }

    /// A connection that was accepted, and its peer outside of the loop.
    pub fn accepted(&mut self) -> (Id, std::net::TcpStream) {
        let (_, address) = self.listen();
        let peer = std::net::TcpStream::connect(address).unwrap();
        let id = self.wait_for(|seen| match seen.event {
            Event::Accepted { id, .. } => Some(id),
            _ => None,
        });
        (id, peer)
    }

    /// Two connections, of one to the other: the one that connected first.
    pub fn pair(&mut self) -> (Id, Id) {
        let (listener, address) = self.listen();
        let client = self.reactor.connect_tcp(&[address], None).unwrap();
        let (mut server, mut connected) = (None, false);
        self.run_until(|_, seen| {
            match seen.event {
                Event::Accepted { id, .. } => server = Some(id),
                Event::Connected(_) => connected = true,
                _ => {}
            }
            server.is_some() && connected
        });
        self.reactor.stop_listening(listener).unwrap();
        self.wait_for(|seen| matches!(seen.event, Event::Unbound { .. }).then_some(()));
        (client, server.unwrap())
    }
}
