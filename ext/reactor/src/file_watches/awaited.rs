//! Files that are watched before they are there.

use std::path::Path;

use super::{FileWatches, Found, is_missing, refused};
use crate::error::Result;
use crate::id::Id;
use crate::sys::inotify::What;
use crate::turn::Turn;

impl FileWatches {
    /// As [`watch`](Self::watch), of a file that need not be there yet, but its directory must.
    pub(crate) fn watch_or_await(&mut self, turn: &mut Turn, path: &Path) -> Result<Id> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let inotify = self.inotify(turn)?;
        let number = match (inotify.add(&path), path.parent()) {
            (Ok(number), _) => return self.insert(path, number, false),
            (Err(error), Some(directory)) if is_missing(&error) => inotify.add(directory),
            (Err(error), _) => Err(error),
        };
        let number = number.map_err(|error| refused(&path, error))?;
        let id = self.insert(path, number, true)?;
        // It may have appeared before its directory was watched.
        self.look_for(turn, id);
        Ok(id)
    }

    /// Something happened to the directory of a file that is awaited.
    pub(super) fn directory_changed(&mut self, turn: &mut Turn, id: Id, what: What) {
        if what != What::Moved {
            return self.look_for(turn, id);
        }
        // Another may take its place.
        let number = self
            .watches
            .get_mut(id)
            .and_then(|watch| watch.number.take());
        self.leave(id, number);
        self.place_changed(turn, id, What::Gone);
    }

    pub(super) fn look_for(&mut self, turn: &mut Turn, id: Id) {
        if self.find(id) == Found::Another {
            self.replaced(turn, id);
        }
    }
}
