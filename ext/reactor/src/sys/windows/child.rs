//! No process is started or watched from here.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::io::OwnedSocket;
use std::process::ExitStatus;

use mio::{Registry, Token};
use socket2::Socket;

use crate::error::{Error, Result};
use crate::sys::handle::Handle;

pub(crate) const SIGKILL: i32 = 9;
pub(crate) const SIGTERM: i32 = 15;

/// Unsupported.
pub(crate) fn sockets() -> io::Result<(Socket, OwnedSocket)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Unsupported.
pub(crate) fn watch(_pid: i32) -> Result<Handle> {
    Err(Error::Unsupported("watching processes"))
}

/// There is none: the type has no values.
#[derive(Debug)]
pub(crate) struct Process(Never);

#[derive(Debug)]
enum Never {}

impl Process {
    pub(crate) fn start(_: &OsStr, _: &[OsString], _: OwnedSocket) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn pid(&self) -> u32 {
        match self.0 {}
    }

    pub(crate) fn is_told_of(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn register(&mut self, _registry: &Registry, _token: Token) {
        match self.0 {}
    }

    pub(crate) fn deregister(&self, _registry: &Registry) {
        match self.0 {}
    }

    pub(crate) fn wait(&self) -> io::Result<Option<ExitStatus>> {
        match self.0 {}
    }

    pub(crate) fn signal(&self, _signal: i32) {
        match self.0 {}
    }
}
