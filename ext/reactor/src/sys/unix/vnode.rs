//! What happens to files, by EVFILT_VNODE of kqueue(2). Not run: there was no system to run it on.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::kqueue::{self, Kqueue};
use crate::sys::inotify::{Notice, What};

/// How many events are read at once.
const EVENTS: usize = 64;

/// Opens a file to be told of, and for nothing else where the system has that.
#[cfg(target_vendor = "apple")]
const FLAGS: i32 = libc::O_EVTONLY | libc::O_NONBLOCK;
#[cfg(not(target_vendor = "apple"))]
const FLAGS: i32 = libc::O_NONBLOCK;

const NOTES: u32 = libc::NOTE_DELETE
    | libc::NOTE_WRITE
    | libc::NOTE_EXTEND
    | libc::NOTE_ATTRIB
    | libc::NOTE_LINK
    | libc::NOTE_RENAME
    | libc::NOTE_REVOKE;

/// The watched files of a loop, by the numbers of their descriptors: each is open for as long as it
/// is watched.
#[derive(Debug)]
pub(crate) struct Inotify {
    queue: Kqueue,
    files: RefCell<HashMap<i32, File>>,
}

impl Inotify {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            queue: Kqueue::new()?,
            files: RefCell::default(),
        })
    }

    /// Watches what is at `path` now, and gives its number: the same for the same file, however
    /// often and under whichever name it is asked for.
    pub(crate) fn add(&self, path: &Path) -> io::Result<i32> {
        let file = open(path)?;
        let found = identity(&file)?;
        let mut files = self.files.borrow_mut();
        for (number, known) in files.iter() {
            if identity(known)? == found {
                return Ok(*number);
            }
        }
        let number = file.as_raw_fd();
        self.queue.add(number as usize, kqueue::FILE, NOTES)?;
        files.insert(number, file);
        Ok(number)
    }

    /// Ends the watch of a file; nothing where it has ended already.
    pub(crate) fn remove(&self, number: i32) {
        // Its events go with the descriptor.
        self.files.borrow_mut().remove(&number);
    }

    /// Puts the notices that wait into `notices`, or a part of them: says whether there may be
    /// more. Fails with `WouldBlock` where there are none.
    pub(crate) fn read(&mut self, notices: &mut Vec<Notice>) -> io::Result<bool> {
        let mut events = std::array::from_fn::<_, EVENTS, _>(|_| kqueue::empty());
        let count = self.queue.read(&mut events)?;
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for event in &events[..count] {
            self.notice(event.ident as i32, event.fflags as u32, notices);
        }
        Ok(count == events.len())
    }

    /// One event may tell of several things.
    fn notice(&self, number: i32, notes: u32, notices: &mut Vec<Notice>) {
        let mut tell = |what| notices.push(Notice::File(number, what));
        if notes & (libc::NOTE_WRITE | libc::NOTE_EXTEND) != 0 {
            tell(What::Modified);
        }
        if notes & libc::NOTE_RENAME != 0 {
            tell(What::Moved);
        }
        if notes & (libc::NOTE_DELETE | libc::NOTE_REVOKE) != 0 && self.has_no_name(number) {
            self.remove(number);
            tell(What::Gone);
        } else if notes & (libc::NOTE_ATTRIB | libc::NOTE_LINK | libc::NOTE_DELETE) != 0 {
            tell(What::Attributes);
        }
    }

    /// Whether the last name of a file was removed: it may have had several.
    fn has_no_name(&self, number: i32) -> bool {
        let files = self.files.borrow();
        let file = files.get(&number);
        file.is_none_or(|file| file.metadata().map_or(true, |data| data.nlink() == 0))
    }

    /// Has a queue of the system's tell when there are notices.
    pub(crate) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut SourceFd(&self.queue.raw()), token, Interest::READABLE)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(FLAGS).open(path)
}

/// What tells a file from all others.
fn identity(file: &File) -> io::Result<(u64, u64)> {
    let data = file.metadata()?;
    Ok((data.dev(), data.ino()))
}
