//! One descriptor in the system's queue, by its own number or by a duplicate's.

use std::io;

use mio::{Registry, Token};

use super::Interest;
use crate::sys::handle::RawDescriptor;
use crate::sys::{level, queue};

/// What stands in the queue, until [`end`](Self::end).
#[derive(Debug)]
pub(super) struct Watched {
    fd: RawDescriptor,
    token: Token,
    /// The queue knows each number once, and the reactor has that of its own descriptors.
    duplicate: Option<level::Owned>,
}

impl Watched {
    /// `None` where it is a file, which is always ready.
    pub(super) fn begin(
        queue: &Registry,
        fd: RawDescriptor,
        token: Token,
        interest: Interest,
    ) -> io::Result<Option<Self>> {
        match level::add(queue, fd, token, interest) {
            Ok(()) => Ok(Some(Self {
                fd,
                token,
                duplicate: None,
            })),
            Err(error) if queue::is_always_ready(&error) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::duplicate(queue, fd, token, interest).map(Some)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn duplicate(
        queue: &Registry,
        fd: RawDescriptor,
        token: Token,
        interest: Interest,
    ) -> io::Result<Self> {
        let duplicate = level::duplicate(fd)?;
        level::add(queue, duplicate.raw(), token, interest)?;
        Ok(Self {
            fd,
            token,
            duplicate: Some(duplicate),
        })
    }

    pub(super) fn token(&self) -> Token {
        self.token
    }

    pub(super) fn is_duplicate(&self) -> bool {
        self.duplicate.is_some()
    }

    /// Whether the queue would notice that `fd` stands for another file; it does not for a
    /// duplicate.
    pub(super) fn is_still(&self, fd: RawDescriptor) -> bool {
        match &self.duplicate {
            Some(duplicate) => level::is_same_file(fd, duplicate.raw()),
            None => true,
        }
    }

    pub(super) fn change(&self, queue: &Registry, interest: Interest) -> io::Result<()> {
        level::modify(queue, self.raw(), self.token, interest)
    }

    /// False where the queue had it no more. A duplicate is closed with `self`.
    pub(super) fn end(&mut self, queue: Option<&Registry>) -> bool {
        queue.is_some_and(|queue| level::remove(queue, self.raw()).is_ok())
    }

    pub(super) fn adopt(&self, queue: &Registry, interest: Interest) -> io::Result<()> {
        level::add(queue, self.raw(), self.token, interest)
    }

    fn raw(&self) -> RawDescriptor {
        self.duplicate.as_ref().map_or(self.fd, level::Owned::raw)
    }
}
