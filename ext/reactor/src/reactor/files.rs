//! Watching files by name.

use std::path::Path;

use super::Reactor;
use crate::error::Result;
use crate::id::Id;

impl Reactor {
    /// Watches the file or directory at `path`, which may be relative to the directory that is the
    /// working one now. Its changes are [`Event::FileChanged`](crate::Event::FileChanged); see
    /// [`FileChange`](crate::FileChange). A file may be watched more than once. Unsupported where
    /// there is no inotify(7).
    pub fn watch_file(&mut self, path: &Path) -> Result<Id> {
        self.files.watch(&self.turn, path)
    }

    /// As [`watch_file`](Self::watch_file), of a file that need not be there yet, but its directory
    /// must: [`FileChange::Created`](crate::FileChange::Created) tells that it is.
    pub fn await_file(&mut self, path: &Path) -> Result<Id> {
        self.files.watch_or_await(&mut self.turn, path)
    }

    /// Ends a watch. No event of it follows, not even `Unbound`.
    pub fn unwatch_file(&mut self, id: Id) -> Result<()> {
        self.files.unwatch(&mut self.turn, id)
    }
}
