//! Files that are watched by name.

mod awaited;
mod forked;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mio::Registry;

use crate::error::{Error, Result};
use crate::event::{Event, FileChange};
use crate::id::{Id, Space};
use crate::poller::FILES;
use crate::sys::fork;
use crate::sys::inotify::{Inotify, Notice, What};
use crate::sys::queue::CALLS;
use crate::table::Table;
use crate::turn::{Deadline, Turn};

/// How long a file may be missing before it counts as moved or deleted. Programs that save a file
/// by replacing it leave its name free for a moment.
const GRACE: Duration = Duration::from_millis(50);

/// All watched files of a reactor. They are no descriptors: one inotify descriptor serves them all.
#[derive(Debug)]
pub(crate) struct FileWatches {
    /// Made when the first file is watched.
    inotify: Option<Inotify>,
    /// The process that it tells: see [`fork::generation`].
    owner: u64,
    watches: Table<FileWatch>,
    /// The watches of each file, by the number it has with the system.
    by_number: HashMap<i32, Vec<Id>>,
    reports: VecDeque<(Id, Report)>,
    notices: Vec<Notice>,
    /// Whether the system may have notices.
    pub(crate) readable: bool,
    /// Whether this turn's share of them was read.
    pub(crate) served: bool,
}

/// One watch.
#[derive(Debug)]
struct FileWatch {
    path: PathBuf,
    /// What the file goes by with the system, while it is there; or its directory, while it is
    /// awaited.
    number: Option<i32>,
    /// Whether the file has not been there yet.
    awaited: bool,
    /// Whether the file that is watched has another name now.
    moved: bool,
    /// What is to be told once it is clear that no other file takes the place of this one.
    withheld: Vec<FileChange>,
    /// The timer that runs until then.
    deadline: Option<Id>,
    /// Whether a modification waits to be told.
    modification_queued: bool,
    /// What happened while its owner did not know it yet.
    held: Option<Vec<Report>>,
}

#[derive(Debug)]
enum Report {
    Changed(FileChange),
    Ended,
}

/// What is at the path of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The file that is watched.
    Same,
    /// Another file, which is watched from now on.
    Another,
    Nothing,
}

impl FileWatches {
    pub(crate) fn new() -> Self {
        Self {
            inotify: None,
            owner: fork::generation(),
            watches: Table::of(Space::FileWatches),
            by_number: HashMap::new(),
            reports: VecDeque::new(),
            notices: Vec::new(),
            readable: false,
            served: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.watches.len()
    }

    /// Whether there is something to tell, or to find out, without waiting.
    pub(crate) fn is_busy(&self) -> bool {
        self.readable || !self.reports.is_empty()
    }

    /// Tells nothing of a watch until it is claimed; false where there is none.
    pub(crate) fn hold(&mut self, id: Id) -> bool {
        let watch = self.watches.get_mut(id);
        watch.map(|watch| watch.held = Some(Vec::new())).is_some()
    }

    /// Tells of a watch from now on, and what happened to it before.
    pub(crate) fn claim(&mut self, id: Id) {
        let held = self.watches.get_mut(id).and_then(|watch| watch.held.take());
        let reports = held.into_iter().flatten();
        self.reports.extend(reports.map(|report| (id, report)));
    }

    fn report(&mut self, id: Id, change: FileChange) {
        let Some(watch) = self.watches.get_mut(id) else {
            return;
        };
        let modified = change == FileChange::Modified;
        // One that is not told yet tells of later ones as well.
        if modified && watch.modification_queued {
            return;
        }
        watch.modification_queued = modified;
        watch.moved |= change == FileChange::Moved;
        self.reports.push_back((id, Report::Changed(change)));
        if change == FileChange::Deleted {
            self.reports.push_back((id, Report::Ended));
        }
    }

    /// Looks what is at the path of a watch, and watches that.
    fn find(&mut self, id: Id) -> Found {
        let (Some(inotify), Some(watch)) = (&self.inotify, self.watches.get_mut(id)) else {
            return Found::Nothing;
        };
        match inotify.add(&watch.path) {
            Ok(number) if watch.number == Some(number) => Found::Same,
            Ok(number) => {
                let before = watch.number.replace(number);
                watch.moved = false;
                self.leave(id, before);
                self.by_number.entry(number).or_default().push(id);
                Found::Another
            }
            // One that may not be read is there all the same.
            Err(error) if watch.number.is_some() && !is_missing(&error) => Found::Same,
            Err(_) => Found::Nothing,
        }
    }

    /// Takes a watch from a file, which the system forgets with the last one.
    fn leave(&mut self, id: Id, number: Option<i32>) {
        let Some(number) = number else {
            return;
        };
        let Some(ids) = self.by_number.get_mut(&number) else {
            return;
        };
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            self.by_number.remove(&number);
            if let Some(inotify) = &self.inotify {
                inotify.remove(number);
            }
        }
    }

    /// The watches of a file that is gone, which has no number any more.
    fn orphan(&mut self, number: i32) -> Vec<Id> {
        let ids = self.by_number.remove(&number).unwrap_or_default();
        for id in &ids {
            if let Some(watch) = self.watches.get_mut(*id) {
                watch.number = None;
            }
        }
        ids
    }

    /// Watches the file or directory at `path`, which may be relative to the directory that is the
    /// working one now. Its changes are [`Event::FileChanged`]; see [`FileChange`]. A file may be
    /// watched more than once. Unsupported where there is neither inotify(7) nor kqueue(2).
    pub(crate) fn watch(&mut self, turn: &Turn, path: &Path) -> Result<Id> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let number = self.inotify(turn)?.add(&path);
        let number = number.map_err(|error| refused(&path, error))?;
        self.insert(path, number, false)
    }

    fn insert(&mut self, path: PathBuf, number: i32, awaited: bool) -> Result<Id> {
        let watch = FileWatch {
            path,
            number: Some(number),
            awaited,
            moved: false,
            withheld: Vec::new(),
            deadline: None,
            modification_queued: false,
            held: None,
        };
        let id = self.watches.insert(watch).ok_or(Error::Exhausted)?;
        self.by_number.entry(number).or_default().push(id);
        Ok(id)
    }

    /// Ends a watch. No event of it follows, not even `Unbound`.
    pub(crate) fn unwatch(&mut self, turn: &mut Turn, id: Id) -> Result<()> {
        let watch = self.watches.remove(id);
        let watch = watch.ok_or(Error::UnknownId(id.as_u64()))?;
        self.leave(id, watch.number);
        if let Some(timer) = watch.deadline {
            turn.deadlines.cancel(timer);
        }
        Ok(())
    }

    fn inotify(&mut self, turn: &Turn) -> Result<&mut Inotify> {
        if self.inotify.is_none() {
            self.inotify = Some(open_inotify(&turn.registry)?);
            self.owner = fork::generation();
        }
        self.inotify.as_mut().ok_or(UNSUPPORTED)
    }

    /// Ends all watches, each with its `Unbound` event.
    pub(crate) fn end_all(&mut self) {
        for id in self.watches.ids().collect::<Vec<_>>() {
            self.reports.push_back((id, Report::Ended));
        }
    }

    /// The next thing that happened to a watched file. What the system has to say is read once in a
    /// turn, so that one busy file does not hold up all else.
    pub(crate) fn next_event(&mut self, turn: &mut Turn) -> Option<Event> {
        loop {
            while let Some((id, report)) = self.reports.pop_front() {
                if let Some(event) = self.file_event(turn, id, report) {
                    return Some(event);
                }
            }
            if !self.readable || std::mem::replace(&mut self.served, true) {
                return None;
            }
            self.read_notices(turn);
        }
    }

    /// Nothing for a watch that was ended meanwhile.
    fn file_event(&mut self, turn: &mut Turn, id: Id, report: Report) -> Option<Event> {
        let watch = self.watches.get_mut(id)?;
        if let Some(held) = &mut watch.held {
            held.push(report);
            return None;
        }
        match report {
            Report::Changed(change) => {
                if change == FileChange::Modified {
                    watch.modification_queued = false;
                }
                Some(Event::FileChanged { id, change })
            }
            Report::Ended => {
                self.unwatch(turn, id).ok()?;
                Some(Event::Unbound { id, reason: None })
            }
        }
    }

    fn read_notices(&mut self, turn: &mut Turn) {
        let Some(inotify) = &mut self.inotify else {
            return;
        };
        let mut notices = std::mem::take(&mut self.notices);
        // All that may fail is that there is nothing to read.
        self.readable = inotify.read(&mut notices).unwrap_or(false);
        for notice in notices.drain(..) {
            self.take_notice(turn, notice);
        }
        self.notices = notices;
    }

    fn take_notice(&mut self, turn: &mut Turn, notice: Notice) {
        match notice {
            Notice::Overflow => self.notices_lost(turn),
            Notice::File(number, What::Gone) => {
                for id in self.orphan(number) {
                    self.place_changed(turn, id, What::Gone);
                }
            }
            Notice::File(number, what) => {
                for id in self.by_number.get(&number).cloned().unwrap_or_default() {
                    self.file_changed(turn, id, what);
                }
            }
        }
    }

    /// Anything may have happened to any of the files.
    fn notices_lost(&mut self, turn: &mut Turn) {
        for id in self.watches.ids().collect::<Vec<_>>() {
            self.file_changed(turn, id, What::Modified);
            self.file_changed(turn, id, What::Attributes);
        }
    }

    fn file_changed(&mut self, turn: &mut Turn, id: Id, what: What) {
        let Some(watch) = self.watches.get_mut(id) else {
            return;
        };
        match what {
            _ if watch.awaited => self.directory_changed(turn, id, what),
            What::Modified if watch.withheld.is_empty() => {
                self.report(id, FileChange::Modified);
            }
            What::Modified => self.withhold(turn, id, FileChange::Modified),
            // A file of another name is known by its number only.
            What::Attributes if watch.moved || !watch.withheld.is_empty() => {}
            What::Attributes | What::Moved | What::Gone => self.place_changed(turn, id, what),
        }
    }

    /// The file may be at its path no more, and another one may be.
    fn place_changed(&mut self, turn: &mut Turn, id: Id, what: What) {
        match (self.find(id), what) {
            (Found::Another, _) => {
                if what == What::Moved {
                    self.withhold(turn, id, FileChange::Moved);
                }
                self.replaced(turn, id);
            }
            (Found::Same, What::Moved) => {
                self.forget_withheld(turn, id);
                self.report(id, FileChange::Moved);
                if let Some(watch) = self.watches.get_mut(id) {
                    watch.moved = false;
                }
            }
            (Found::Same, What::Attributes) => self.report(id, FileChange::Attributes),
            (Found::Same, _) => {}
            (Found::Nothing, What::Moved) => self.withhold(turn, id, FileChange::Moved),
            (Found::Nothing, _) => self.withhold(turn, id, FileChange::Deleted),
        }
    }

    /// Another file has taken its place. Whoever tails a log is to know that the one before has
    /// another name now.
    fn replaced(&mut self, turn: &mut Turn, id: Id) {
        let Some(watch) = self.watches.get_mut(id) else {
            return;
        };
        let was_moved = watch.withheld.contains(&FileChange::Moved);
        let was_awaited = std::mem::take(&mut watch.awaited);
        self.forget_withheld(turn, id);
        if was_moved {
            self.report(id, FileChange::Moved);
        }
        let change = match was_awaited {
            true => FileChange::Created,
            false => FileChange::Modified,
        };
        self.report(id, change);
        if let Some(watch) = self.watches.get_mut(id) {
            watch.moved = false;
        }
    }

    fn withhold(&mut self, turn: &mut Turn, id: Id, change: FileChange) {
        let deadline = turn.now + GRACE;
        let Some(watch) = self.watches.get_mut(id) else {
            return;
        };
        let last = watch.withheld.last();
        if last == Some(&FileChange::Deleted) || last == Some(&change) {
            return;
        }
        watch.withheld.push(change);
        if watch.deadline.is_none() {
            let due = Deadline::FileMissing(id);
            watch.deadline = turn.deadlines.add(turn.now, deadline, due);
        }
    }

    fn forget_withheld(&mut self, turn: &mut Turn, id: Id) {
        if let Some(watch) = self.watches.get_mut(id) {
            watch.withheld.clear();
            if let Some(timer) = watch.deadline.take() {
                turn.deadlines.cancel(timer);
            }
        }
    }

    /// The file has been missing long enough.
    pub(crate) fn missing_due(&mut self, turn: &mut Turn, id: Id) {
        let Some(watch) = self.watches.get_mut(id) else {
            return;
        };
        watch.deadline = None;
        match self.find(id) {
            Found::Another => self.replaced(turn, id),
            // The notice of its return follows.
            Found::Same => self.forget_withheld(turn, id),
            Found::Nothing => self.tell_withheld(id),
        }
    }

    fn tell_withheld(&mut self, id: Id) {
        let watch = self.watches.get_mut(id);
        let withheld = watch.map(|watch| std::mem::take(&mut watch.withheld));
        for change in withheld.into_iter().flatten() {
            self.report(id, change);
        }
    }
}

fn refused(path: &Path, error: io::Error) -> Error {
    Error::system("inotify_add_watch", path.display().to_string(), error)
}

fn open_inotify(registry: &Registry) -> Result<Inotify> {
    let inotify = Inotify::new().map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => UNSUPPORTED,
        _ => Error::system("inotify_init", "the loop", error),
    })?;
    register_inotify(&inotify, registry)?;
    Ok(inotify)
}

fn register_inotify(inotify: &Inotify, registry: &Registry) -> Result<()> {
    let registered = inotify.register(registry, FILES);
    registered.map_err(|error| Error::system(CALLS.control, "the watched files", error))
}

const UNSUPPORTED: Error = Error::Unsupported("watching files");

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP)
    )
}
