//! The kinds of sockets that a load goes over.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream as StdTcp, UdpSocket as StdUdp};
use std::os::unix::net::UnixStream as StdUnix;

use mio::net::{TcpStream, UdpSocket, UnixStream};
use mio::{Interest, Registry, Token};

use crate::options::Address;

/// A connected socket that does not block.
pub enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    Udp(UdpSocket),
}

impl Socket {
    /// Connects to a server, waiting for it.
    pub fn connect(address: &Address, datagrams: bool) -> io::Result<Self> {
        match address {
            Address::Inet(address) if datagrams => Self::udp(*address),
            Address::Inet(address) => Self::tcp(*address),
            Address::Unix(path) => {
                let stream = StdUnix::connect(path)?;
                stream.set_nonblocking(true)?;
                Ok(Self::Unix(UnixStream::from_std(stream)))
            }
        }
    }

    fn tcp(address: SocketAddr) -> io::Result<Self> {
        let stream = StdTcp::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self::Tcp(TcpStream::from_std(stream)))
    }

    fn udp(address: SocketAddr) -> io::Result<Self> {
        let socket = StdUdp::bind(("127.0.0.1", 0))?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self::Udp(UdpSocket::from_std(socket)))
    }

    /// Has its events reported under a token.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => registry.register(stream, token, interest),
            Self::Unix(stream) => registry.register(stream, token, interest),
            Self::Udp(socket) => registry.register(socket, token, interest),
        }
    }

    /// Whether what is written may get lost.
    pub fn is_datagram(&self) -> bool {
        matches!(self, Self::Udp(_))
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            Self::Udp(socket) => socket.recv(buffer),
        }
    }

    pub fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(data),
            Self::Unix(stream) => stream.write(data),
            Self::Udp(socket) => socket.send(data),
        }
    }
}
