//! Files that are watched in a forked child, too.

use mio::Registry;

use super::{FileWatches, open_inotify, register_inotify};
use crate::error::Result;
use crate::id::Id;
use crate::sys::fork;
use crate::sys::inotify::What;
use crate::turn::Turn;

impl FileWatches {
    /// Has a new queue of the system's wait for notices. A forked child has some of its own, since
    /// the parent reads those of the descriptor that both have.
    pub(crate) fn adopt(&mut self, turn: &mut Turn, registry: &Registry) -> Result<()> {
        match &self.inotify {
            Some(inotify) if self.owner == fork::generation() => {
                register_inotify(inotify, registry)
            }
            Some(_) => self.renew(turn, registry),
            None => Ok(()),
        }
    }

    /// Nobody else reads the notices.
    pub(crate) fn inherit(&mut self) {
        self.owner = fork::generation();
    }

    /// Watches what is at each path now. What has happened since the fork is not known, so each
    /// file counts as modified.
    fn renew(&mut self, turn: &mut Turn, registry: &Registry) -> Result<()> {
        self.inotify = Some(open_inotify(registry)?);
        self.inherit();
        self.readable = false;
        self.by_number.clear();
        for id in self.watches.ids().collect::<Vec<_>>() {
            self.watch_anew(turn, id);
        }
        Ok(())
    }

    fn watch_anew(&mut self, turn: &mut Turn, id: Id) {
        let (Some(inotify), Some(watch)) = (&self.inotify, self.watches.get_mut(id)) else {
            return;
        };
        watch.number = None;
        let directory = watch.path.parent().filter(|_| watch.awaited);
        if let Some(number) = directory.and_then(|directory| inotify.add(directory).ok()) {
            watch.number = Some(number);
            self.by_number.entry(number).or_default().push(id);
            return self.look_for(turn, id);
        }
        self.place_changed(turn, id, What::Gone);
    }
}
