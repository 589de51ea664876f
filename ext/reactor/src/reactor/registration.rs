//! What the system watches.

use std::io;

use super::Reactor;
use crate::base::token;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::sys::errno;
use crate::sys::handle::RawDescriptor;

impl Reactor {
    /// Adds a descriptor and has the system watch it.
    pub(super) fn add(&mut self, mut descriptor: Descriptor) -> Result<Id> {
        descriptor.base.serial = self.made;
        self.made += 1;
        let id = self.descriptors.insert_with(|id| {
            descriptor.base.id = id;
            descriptor
        });
        let id = id.ok_or(Error::Exhausted)?;
        if let Err(error) = self.register(id) {
            self.forget(id);
            return Err(error);
        }
        Ok(id)
    }

    pub(super) fn register(&mut self, id: Id) -> Result<()> {
        let registered = self.register_anew(id);
        // A connection that ends by that waits for its child all the same.
        self.with_stream(id, |stream, base, turn| stream.register_child(base, turn));
        registered
    }

    /// Has the system watch what it does not yet. One that is only watched may be watched by
    /// others, too.
    pub(super) fn register_anew(&mut self, id: Id) -> Result<()> {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return Ok(());
        };
        let base = &mut descriptor.base;
        let Some(interest) = base.interest.filter(|_| !base.detached) else {
            return Ok(());
        };
        let fd = base.handle.raw();
        let is_owned = base.handle.is_owned();
        self.waits.make_way(&mut self.turn, fd);
        let registry = &self.turn.registry;
        let handle = &mut base.handle;
        let result = match handle.register(registry, token(id), interest) {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && matches!(descriptor.kind, Kind::Watch(_)) =>
            {
                handle.register_duplicate(registry, token(id), interest)
            }
            Ok(()) => {
                self.displace(id, fd, is_owned);
                return Ok(());
            }
            Err(error) => Err(error),
        };
        base.registered(result, &mut self.turn)
            .map_err(|error| base.refused_by_queue(error))
    }

    /// The system watches `fd` from now on, and did not before. Whoever had it watched by that
    /// number had the descriptor closed behind our back, and must not touch the one that has it
    /// now.
    fn displace(&mut self, id: Id, fd: RawDescriptor, is_owned: bool) {
        let before = if is_owned {
            match self.borrowed.is_empty() {
                true => None,
                false => self.borrowed.remove(&fd),
            }
        } else {
            self.borrowed.insert(fd, id)
        };
        let Some(stale) = before.filter(|before| *before != id) else {
            return;
        };
        self.with(stale, |descriptor, turn| {
            if descriptor.base.handle.is_registered() {
                descriptor.base.detached = true;
                // The owner of one that is only watched is going to take it back.
                if !descriptor.is_watch() {
                    descriptor.end(turn, Some(Reason::Errno(errno::EBADF)));
                }
            }
        });
    }
}
