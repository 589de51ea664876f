//! No descriptors are passed here.

use std::collections::VecDeque;
use std::io;

use socket2::Socket;

use crate::sys::handle::RawDescriptor;

/// See the module for Unix.
pub(crate) const CARRIER: u8 = 0;

/// None can be made.
#[derive(Debug)]
pub(crate) enum Passed {}

impl Passed {
    /// Fails.
    pub(crate) fn duplicate(_fd: RawDescriptor) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// There is none to be had.
    pub(crate) fn into_raw(self) -> RawDescriptor {
        match self {}
    }
}

/// Never.
pub(crate) fn is_possible(_socket: &Socket) -> bool {
    false
}

/// There is none to be sent.
pub(crate) fn send(_socket: &Socket, passed: &Passed) -> io::Result<usize> {
    match *passed {}
}

/// Fails.
pub(crate) fn peek(_socket: &Socket, _buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails.
pub(crate) fn receive(
    _socket: &Socket,
    _buffer: &mut [u8],
    _arrived: &mut VecDeque<Passed>,
) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
