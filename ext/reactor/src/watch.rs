//! Descriptors that are only watched, and taking over descriptors made elsewhere.

use std::io;

use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::Id;
use crate::reactor::Reactor;
use crate::sys::handle::{Handle, RawDescriptor};

impl Reactor {
    /// Takes over an open descriptor as a connection. It is made non-blocking, and stays its owner's
    /// to close.
    pub fn attach(&mut self, fd: RawDescriptor) -> Result<Id> {
        let handle = borrow(fd)?;
        set_nonblocking(&handle)?;
        self.take_over(handle, Kind::Stream)
    }

    /// Takes over an open descriptor as [`attach`](Self::attach) does, to read one byte at a time: what is
    /// not read when it is closed is left to others. It is returned to blocking mode in the end where it
    /// was in that, since others may go on with it, as the shell does with a terminal.
    pub fn attach_for_a_while(&mut self, fd: RawDescriptor) -> Result<Id> {
        let handle = borrow(fd)?;
        let was_nonblocking = set_nonblocking(&handle)?;
        let id = self.take_over(handle, Kind::Stream)?;
        let descriptor = self.descriptor_mut(id)?;
        descriptor.returns_to_blocking = !was_nonblocking;
        descriptor.bytewise = true;
        Ok(id)
    }

    /// Watches an open descriptor, of which nothing is reported until
    /// [`set_notify`](Self::set_notify) asks for it. It stays its owner's to read, write and close.
    pub fn watch(&mut self, fd: RawDescriptor) -> Result<Id> {
        let kind = Kind::Watch {
            readable: false,
            writable: false,
        };
        self.take_over(borrow(fd)?, kind)
    }

    /// Takes over a listening socket; it stays its owner's to close.
    pub fn attach_listener(&mut self, fd: RawDescriptor) -> Result<Id> {
        let handle = borrow(fd)?;
        set_nonblocking(&handle)?;
        self.take_over(handle, Kind::listener())
    }

    fn take_over(&mut self, handle: Handle, kind: Kind) -> Result<Id> {
        self.add(Descriptor::new(handle, kind, self.now))
    }

    /// Sets which notifications a watched descriptor gives; `None` leaves one as it is. They come in
    /// each turn in which the condition holds.
    pub fn set_notify(
        &mut self,
        id: Id,
        wanted_readable: Option<bool>,
        wanted_writable: Option<bool>,
    ) -> Result<()> {
        let descriptor = self.descriptor_mut(id)?;
        let Kind::Watch { readable, writable } = &mut descriptor.kind else {
            let operation = if wanted_readable.is_some() {
                "notify_readable"
            } else {
                "notify_writable"
            };
            return Err(Error::WrongKind {
                operation,
                kind: descriptor.kind.name(),
            });
        };
        *readable = wanted_readable.unwrap_or(*readable);
        *writable = wanted_writable.unwrap_or(*writable);
        self.reregister(id)
    }

    /// Which notifications, of readability and of writability, a watched descriptor gives.
    pub fn notifies(&self, id: Id) -> Result<(bool, bool)> {
        match self.descriptor(id)?.kind {
            Kind::Watch { readable, writable } => Ok((readable, writable)),
            _ => Ok((false, false)),
        }
    }

    /// Whether a descriptor is only watched.
    pub fn is_watch_only(&self, id: Id) -> Result<bool> {
        Ok(self.descriptor(id)?.is_watch())
    }

    /// The number of the descriptor in the system.
    pub fn file_descriptor(&self, id: Id) -> Result<RawDescriptor> {
        Ok(self.descriptor(id)?.handle.raw())
    }

    pub(crate) fn process_watch(&mut self, id: Id) -> Option<Event> {
        let descriptor = self.descriptors.get_mut(id)?;
        let Kind::Watch { readable, writable } = descriptor.kind else {
            return None;
        };
        if !matches!(descriptor.phase, Phase::Open) || descriptor.paused {
            return None;
        }
        let readiness = &mut descriptor.readiness;
        let event = if std::mem::take(&mut readiness.readable) && readable {
            Event::Readable(id)
        } else if std::mem::take(&mut readiness.writable) && writable {
            Event::Writable(id)
        } else {
            return None;
        };
        readiness.ended = false;
        if readiness.writable && writable {
            self.enqueue(id);
        } else if descriptor.always_ready {
            descriptor.set_ready();
            self.carry(id);
        } else if self.reregister(id).is_err() {
            // Its owner closed it behind our back: there is nothing left to watch.
            self.end(id, None);
        }
        Some(event)
    }
}

fn borrow(fd: RawDescriptor) -> Result<Handle> {
    Handle::borrow(fd).map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => Error::Unsupported("attaching anything but a socket"),
        _ => Error::system("fstat", format!("descriptor {fd}"), error),
    })
}

fn set_nonblocking(handle: &Handle) -> Result<bool> {
    let subject = format!("descriptor {}", handle.raw());
    handle
        .set_nonblocking(true)
        .map_err(|error| Error::system("fcntl", subject, error))
}
