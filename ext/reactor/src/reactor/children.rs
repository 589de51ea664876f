//! Child processes, each at the other end of a connection, and watching processes for their end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::ExitStatus;

use super::Reactor;
use crate::base::Base;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::stream::Stream;
use crate::sys::child::{self, Process};
use crate::sys::handle::Handle;

impl Reactor {
    /// Starts a program as a child process and connects to its standard input and output, which are
    /// one socket. `argv` holds its arguments, the first of which is the name it is told to have.
    /// The rest it inherits: standard error, environment, directory; no other descriptor.
    ///
    /// The connection's `Unbound` follows when its output is at its end and the child is reaped, so
    /// that [`child_status`](Self::child_status) is known. When [`close`](Self::close) ended it,
    /// the child has half a second until SIGTERM, and another second until SIGKILL.
    ///
    /// A program that cannot be executed is a child that exits with 255, and says why on standard
    /// error. Fails only where there can be no child.
    pub fn spawn(&mut self, program: &OsStr, argv: &[OsString]) -> Result<Id> {
        let describe = |call| {
            move |error: io::Error| match error.kind() {
                io::ErrorKind::Unsupported => Error::Unsupported("starting processes"),
                _ => Error::system(call, program.to_string_lossy().into_owned(), error),
            }
        };
        let (near, far) = child::sockets().map_err(describe("socketpair"))?;
        // What may fail comes before there is a child, who would be forgotten.
        let handle = Handle::from(near);
        let id = self.add(Descriptor::stream(handle, Stream::default(), &self.turn))?;
        match Process::start(program, argv, far) {
            Ok(process) => {
                self.with_stream(id, |stream, base, turn| {
                    stream.adopt_child(base, turn, process);
                });
                Ok(id)
            }
            Err(error) => {
                self.forget(id);
                Err(describe(child::START)(error))
            }
        }
    }

    /// The process id of a connection's child; `None` where it has none. It is known for some time
    /// after the connection's release, as is the status.
    pub fn child_pid(&self, id: Id) -> Option<u32> {
        self.child(id).map(|(pid, _)| pid)
    }

    /// How a connection's child ended; `None` where it has none, where it still runs, and where
    /// somebody else waited for it.
    pub fn child_status(&self, id: Id) -> Option<ExitStatus> {
        self.child(id).and_then(|(_, status)| status)
    }

    fn child(&self, id: Id) -> Option<(u32, Option<ExitStatus>)> {
        match self.descriptors.get(id) {
            Some(descriptor) => descriptor.as_stream()?.child(),
            None => self.children.find(id),
        }
    }

    /// Sends SIGTERM to the children that still run.
    pub fn terminate_children(&mut self) {
        for id in self.descriptors.ids().collect::<Vec<_>>() {
            self.with_stream(id, |stream, base, _| stream.terminate_child(base));
        }
    }

    /// Reaps the children that have ended, and says how many still run.
    pub fn reap_children(&mut self) -> usize {
        let ids: Vec<Id> = self.descriptors.ids().collect();
        let runs = |id| self.with_stream(id, |stream, base, turn| !stream.reap(base, turn));
        ids.into_iter()
            .filter_map(runs)
            .filter(|runs| *runs)
            .count()
    }

    /// Tells when any process ends, by [`Event::ProcessExited`](crate::Event::ProcessExited); the
    /// watch ends with that. It needs not be a child. See pidfd_open(2).
    ///
    /// Fails where there is no such process, and where the system has no means to do it.
    pub fn watch_process(&mut self, pid: i32) -> Result<Id> {
        let handle = child::watch(pid)?;
        self.add(Descriptor::new(handle, Kind::Process, &self.turn))
    }

    /// Ends a watch of a process.
    pub fn unwatch_process(&mut self, id: Id) -> Result<()> {
        let kind = &self.descriptor(id)?.kind;
        if !matches!(kind, Kind::Process) {
            return Base::wrong_kind("unwatch_pid", kind.name());
        }
        self.close(id, false);
        Ok(())
    }
}
