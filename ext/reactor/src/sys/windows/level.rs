//! Descriptors that a queue tells of for as long as they are ready: not written for Windows yet.

use std::io;

use mio::{Registry, Token};

use crate::interest::Interest;
use crate::sys::handle::RawDescriptor;

/// There is none.
#[derive(Debug)]
pub(crate) enum Owned {}

impl Owned {
    pub(crate) fn raw(&self) -> RawDescriptor {
        match *self {}
    }
}

/// Fails with [`io::ErrorKind::Unsupported`].
pub(crate) fn add(_: &Registry, _: RawDescriptor, _: Token, _: Interest) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails with [`io::ErrorKind::Unsupported`].
pub(crate) fn modify(_: &Registry, _: RawDescriptor, _: Token, _: Interest) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails with [`io::ErrorKind::Unsupported`].
pub(crate) fn remove(_: &Registry, _: RawDescriptor) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails with [`io::ErrorKind::Unsupported`].
pub(crate) fn duplicate(_: RawDescriptor) -> io::Result<Owned> {
    Err(io::ErrorKind::Unsupported.into())
}

/// False: there are none to compare.
pub(crate) fn is_same_file(_: RawDescriptor, _: RawDescriptor) -> bool {
    false
}

/// Fails with [`io::ErrorKind::Unsupported`].
pub(crate) fn process(_: i32) -> io::Result<Owned> {
    Err(io::ErrorKind::Unsupported.into())
}
