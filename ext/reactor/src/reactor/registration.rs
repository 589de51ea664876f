//! What the system watches.

use std::io;

use mio::{Interest, Token};

use super::Reactor;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::process::EXIT;
use crate::sys::errno;
use crate::sys::handle::RawDescriptor;
use crate::sys::queue::{self, CALLS, URGENT};

impl Reactor {
    /// Adds a descriptor and has the system watch it.
    pub(crate) fn add(&mut self, mut descriptor: Descriptor) -> Result<Id> {
        descriptor.serial = self.made;
        self.made += 1;
        let id = self
            .descriptors
            .insert(descriptor)
            .ok_or(Error::Exhausted)?;
        if let Err(error) = self.register(id) {
            self.forget(id);
            return Err(error);
        }
        Ok(id)
    }

    pub(super) fn register(&mut self, id: Id) -> Result<()> {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return Ok(());
        };
        let Some(interest) = interest(descriptor).filter(|_| !descriptor.detached) else {
            return Ok(());
        };
        let registered = self.watch_anew(id, interest);
        self.registered(id, registered)?;
        self.register_child(id);
        Ok(())
    }

    /// Has the system watch what it does not yet. One that is only watched may be watched by others, too.
    fn watch_anew(&mut self, id: Id, interest: Interest) -> io::Result<()> {
        let Some(fd) = self.descriptors.get(id).map(|d| d.handle.raw()) else {
            return Ok(());
        };
        self.make_way(fd);
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return Ok(());
        };
        let is_watch = descriptor.is_watch();
        let handle = &mut descriptor.handle;
        match handle.register(&self.registry, token(id), interest) {
            Ok(()) => self.displace(id, fd),
            Err(error) if is_watch && error.kind() == io::ErrorKind::AlreadyExists => {
                handle.register_duplicate(&self.registry, token(id), interest)?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Files that are always ready are refused by epoll_ctl(2), and need no watching.
    fn registered(&mut self, id: Id, result: io::Result<()>) -> Result<()> {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return Ok(());
        };
        match result {
            Err(error) if queue::is_always_ready(&error) => {
                descriptor.always_ready = true;
                descriptor.set_ready();
                self.enqueue(id);
                Ok(())
            }
            result => {
                result.map_err(|error| Error::system(CALLS.control, descriptor.describe(), error))
            }
        }
    }

    /// Has the system look at the descriptor anew, with the interest it has now: what is ready
    /// already is reported once more.
    pub(crate) fn reregister(&mut self, id: Id) -> Result<()> {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return Ok(());
        };
        if descriptor.detached {
            return Ok(());
        }
        let interest = interest(descriptor);
        let handle = &mut descriptor.handle;
        let result = match interest {
            Some(interest) => match handle.reregister(&self.registry, token(id), interest) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.watch_anew(id, interest)
                }
                result => result,
            },
            None => match handle.deregister(&self.registry) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                result => result,
            },
        };
        self.registered(id, result)
    }

    /// The system watches `fd` from now on, and did not before. Whoever had it watched by that number had
    /// the descriptor closed behind our back, and must not touch the one that has it now.
    pub(crate) fn displace(&mut self, id: Id, fd: RawDescriptor) {
        let is_borrowed = |d: &Descriptor| !d.handle.is_owned();
        let before = if self.descriptors.get(id).is_some_and(is_borrowed) {
            self.borrowed.insert(fd, id)
        } else {
            self.borrowed.remove(&fd)
        };
        let Some(stale) = before.filter(|before| *before != id) else {
            return;
        };
        let stale_one = self.descriptors.get_mut(stale);
        if let Some(descriptor) = stale_one.filter(|d| d.handle.is_registered()) {
            descriptor.detached = true;
            // The owner of one that is only watched is going to take it back.
            if !descriptor.is_watch() {
                self.end(stale, Some(Reason::Errno(errno::EBADF)));
            }
        }
    }
}

/// The name, as far as it fits below the mark of a child's exit.
pub(crate) fn token(id: Id) -> Token {
    Token(id.as_u64() as usize & (EXIT - 1))
}

fn interest(descriptor: &Descriptor) -> Option<Interest> {
    match descriptor.kind {
        Kind::Watch { readable, writable } => match (readable, writable) {
            (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::WRITABLE),
            (false, false) => None,
        },
        _ => {
            let wanted = [
                Some(Interest::READABLE),
                descriptor.watches_writable.then_some(Interest::WRITABLE),
                URGENT.filter(|_| descriptor.is_stream()),
            ];
            wanted.into_iter().flatten().reduce(Interest::add)
        }
    }
}
