//! Descriptors made elsewhere: taking them over, and watching them.

use std::io;

use super::Reactor;
use crate::base::Base;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::interest::Interest;
use crate::stream::Stream;
use crate::sys::handle::{self, BorrowedDescriptor, Handle, RawDescriptor};
use crate::sys::queue::URGENT;
use crate::watch::Watch;

impl Reactor {
    /// Takes over an open descriptor as a connection. It is made non-blocking, and stays its
    /// owner's to close.
    pub fn attach(&mut self, fd: BorrowedDescriptor<'_>) -> Result<Id> {
        let handle = borrow(fd)?;
        set_nonblocking(&handle)?;
        self.add(Descriptor::stream(handle, Stream::default(), &self.turn))
    }

    /// Takes over an open descriptor as [`attach`](Self::attach) does, to read one byte at a time:
    /// what is not read when it is closed is left to others. It is returned to blocking mode in the
    /// end where it was in that, since others may go on with it, as the shell does with a terminal.
    pub fn attach_for_a_while(&mut self, fd: BorrowedDescriptor<'_>) -> Result<Id> {
        let handle = borrow(fd)?;
        let was_nonblocking = set_nonblocking(&handle)?;
        let stream = Stream::shared(!was_nonblocking);
        self.add(Descriptor::stream(handle, stream, &self.turn))
    }

    /// Watches an open descriptor, of which nothing is reported until
    /// [`set_notify`](Self::set_notify) asks for it. It stays its owner's to read, write and close.
    pub fn watch(&mut self, fd: BorrowedDescriptor<'_>) -> Result<Id> {
        let kind = Kind::Watch(Watch::default());
        self.add(Descriptor::new(borrow(fd)?, kind, &self.turn))
    }

    /// Takes over a listening socket; it stays its owner's to close.
    pub fn attach_listener(&mut self, fd: BorrowedDescriptor<'_>) -> Result<Id> {
        let handle = borrow(fd)?;
        set_nonblocking(&handle)?;
        self.add_listener(handle)
    }

    /// Sets whether a watched descriptor gives some notifications; others stay as they are. They
    /// come in each turn in which the condition holds. Only epoll(7) tells of urgent data.
    ///
    /// Where the system refuses, nothing has changed.
    pub fn set_notify(&mut self, id: Id, kind: Interest, wanted: bool) -> Result<()> {
        let Kind::Watch(Watch(before)) = self.descriptor(id)?.kind else {
            return Base::wrong_kind(operation(kind), self.descriptor(id)?.kind.name());
        };
        if wanted && kind.has(Interest::PRIORITY) && URGENT.is_none() {
            return Err(Error::Unsupported("notify_priority"));
        }
        self.note_wanted(id, before.change(kind, wanted));
        let result = self.watch_for_wanted(id);
        if result.is_err() {
            self.note_wanted(id, before);
        }
        result
    }

    fn note_wanted(&mut self, id: Id, wanted: Interest) {
        if let Some(Descriptor { base, kind }) = self.descriptors.get_mut(id) {
            let watch = Watch(wanted);
            base.interest = watch.interest();
            *kind = Kind::Watch(watch);
        }
    }

    fn watch_for_wanted(&mut self, id: Id) -> Result<()> {
        let (Descriptor { base, .. }, turn) = self.descriptor_mut(id)?;
        if base.interest.is_some() && !base.handle.is_registered() {
            return self.register_anew(id);
        }
        let result = base.reregister(turn);
        let result = result.map_err(|error| base.refused_by_queue(error));
        self.settle();
        result
    }

    /// Which notifications a watched descriptor gives.
    pub fn notifies(&self, id: Id) -> Result<Interest> {
        match self.descriptor(id)?.kind {
            Kind::Watch(Watch(wanted)) => Ok(wanted),
            _ => Ok(Interest::NONE),
        }
    }

    /// Whether a descriptor is only watched.
    pub fn is_watch_only(&self, id: Id) -> Result<bool> {
        Ok(self.descriptor(id)?.is_watch())
    }

    /// The number of the descriptor in the system.
    pub fn file_descriptor(&self, id: Id) -> Result<RawDescriptor> {
        Ok(self.descriptor(id)?.base.handle.raw())
    }
}

/// How setting a notification is called in errors.
fn operation(kind: Interest) -> &'static str {
    match kind {
        Interest::READABLE => "notify_readable",
        Interest::WRITABLE => "notify_writable",
        _ => "notify_priority",
    }
}

/// Says of a number that it is an open descriptor, which [`Reactor::attach`] and the like take.
/// Fails with EBADF where it is none, and on Windows where it is no socket.
///
/// # Safety
///
/// The descriptor stays open for as long as the reactor has it: until `Unbound` was told of it, or
/// [`Reactor::detach`] was called.
pub unsafe fn open_descriptor(fd: RawDescriptor) -> Result<BorrowedDescriptor<'static>> {
    // SAFETY: as the caller promises.
    unsafe { handle::open_descriptor(fd) }.map_err(|error| refused(error, fd))
}

pub(super) fn borrow(fd: BorrowedDescriptor<'_>) -> Result<Handle> {
    Handle::borrow(fd).map_err(|error| refused(error, handle::raw(fd)))
}

fn refused(error: io::Error, fd: RawDescriptor) -> Error {
    match error.kind() {
        io::ErrorKind::Unsupported => Error::Unsupported("attaching anything but a socket"),
        _ => Error::system("fstat", format!("descriptor {fd}"), error),
    }
}

fn set_nonblocking(handle: &Handle) -> Result<bool> {
    let subject = format!("descriptor {}", handle.raw());
    handle
        .set_nonblocking(true)
        .map_err(|error| Error::system("fcntl", subject, error))
}
