//! Files that are watched by name.

use std::collections::BTreeMap;
use std::path::Path;

use em_reactor::{FileChange, Id};

use super::Program;
use crate::kernel;

const NAMES: [&str; 4] = [
    "/simulated/a",
    "/simulated/b",
    "/simulated/c",
    "/simulated/d",
];

/// The watches that there are.
#[derive(Debug, Default)]
pub(super) struct Watched {
    watches: BTreeMap<Id, Watch>,
}

#[derive(Debug)]
struct Watch {
    name: &'static str,
    /// Whether its file was always the one of that name, which is the simple case.
    stays: bool,
    /// How often its file was written to, of which how often it was told.
    writes: usize,
    told: usize,
    /// Whether a write is to be told yet.
    owed: bool,
    moved: bool,
    deleted: bool,
    ended: bool,
}

impl Program {
    /// Some things at once, of which the loop may learn together.
    pub(super) fn act_by_files(&mut self) {
        for _ in 0..self.random.between(1, 5) {
            self.act_by_file();
        }
    }

    fn act_by_file(&mut self) {
        let name = self.random.pick(&NAMES).expect("a name");
        match self.random.below(20) {
            0..=4 => self.watch_file(name),
            5 => self.unwatch_file(),
            6..=9 => self.write_file(name),
            10 => kernel::with(|kernel| kernel.touch_file(name, libc::IN_ATTRIB)),
            // More than the system keeps: of those that come last it keeps none.
            11 => {
                let many = NAMES[..2].iter().cycle().take(24);
                many.chain(&NAMES).for_each(|name| self.write_file(name));
            }
            12..=14 => {
                self.disturb(name);
                kernel::with(|kernel| kernel.make_file(name));
            }
            15 | 16 => {
                self.disturb(name);
                kernel::with(|kernel| kernel.remove_file(name));
            }
            _ => {
                let other = self.random.pick(&NAMES).expect("a name");
                self.trace(|| format!("{name} becomes {other}"));
                self.disturb(name);
                self.disturb(other);
                kernel::with(|kernel| kernel.rename_file(name, other));
            }
        }
    }

    fn watch_file(&mut self, name: &'static str) {
        let result = self.reactor.watch_file(Path::new(name));
        self.trace(|| format!("{name} is watched: {result:?}"));
        let (is_there, may_lack) =
            kernel::with(|kernel| (kernel.file_at(name).is_some(), kernel.may_have_lacked));
        let Ok(id) = result else {
            return assert!(!is_there || may_lack, "{name} is not watched: {result:?}");
        };
        assert!(is_there, "{name} is watched, which is not there");
        assert!(self.names.insert(id), "{id:?} is used again");
        let watch = Watch {
            name,
            // What another watch of the same file has yet to tell is told by both.
            stays: !kernel::with(|kernel| kernel.has_unread_notices(name)),
            writes: 0,
            told: 0,
            owed: false,
            moved: false,
            deleted: false,
            ended: false,
        };
        self.watched.watches.insert(id, watch);
    }

    fn unwatch_file(&mut self) {
        let ids: Vec<Id> = self.watched.watches.keys().copied().collect();
        if let Some(id) = self.random.pick(&ids) {
            self.end_file_watch(id);
        }
    }

    fn end_file_watch(&mut self, id: Id) {
        self.trace(|| format!("{id:?} is watched no more"));
        self.watched.watches.remove(&id);
        self.reactor.unwatch_file(id).expect("a watch");
    }

    pub(super) fn end_file_watches(&mut self) {
        for id in self.watched.watches.keys().copied().collect::<Vec<_>>() {
            self.end_file_watch(id);
        }
    }

    /// All watches are about to end.
    pub(super) fn note_end_of_file_watches(&mut self) {
        let watches = self.watched.watches.values_mut();
        watches.for_each(|watch| watch.ended = true);
    }

    fn write_file(&mut self, name: &str) {
        self.trace(|| format!("{name} is written to"));
        if kernel::with(|kernel| kernel.file_at(name)).is_none() {
            return;
        }
        for watch in self
            .watched
            .watches
            .values_mut()
            .filter(|one| one.name == name)
        {
            (watch.writes, watch.owed) = (watch.writes + 1, true);
        }
        kernel::with(|kernel| kernel.touch_file(name, libc::IN_MODIFY));
    }

    /// From now on a name may stand for another file than the one that is watched.
    fn disturb(&mut self, name: &str) {
        self.trace(|| format!("{name} is disturbed"));
        for watch in self
            .watched
            .watches
            .values_mut()
            .filter(|one| one.name == name)
        {
            watch.stays = false;
        }
    }

    pub(super) fn file_changed(&mut self, id: Id, change: FileChange) {
        let Some(watch) = self.watched.watches.get_mut(&id) else {
            panic!("{change:?} of {id:?}, which watches nothing");
        };
        assert!(
            !watch.deleted && !watch.ended,
            "{change:?} of {id:?} after its end"
        );
        watch.moved |= change == FileChange::Moved;
        watch.deleted = change == FileChange::Deleted;
        if change == FileChange::Modified {
            (watch.told, watch.owed) = (watch.told + 1, false);
            // Where notices were lost, it is told of all files.
            let lost = kernel::with(|kernel| kernel.lost_notices);
            let is_right = watch.told <= watch.writes || !watch.stays || lost;
            assert!(is_right, "{id:?} tells more than there was");
        }
        let gone = [FileChange::Moved, FileChange::Deleted].contains(&change);
        assert!(
            !(gone && watch.stays),
            "{id:?} tells {change:?} of a file that stays"
        );
    }

    /// Whether it is a watch whose file is gone.
    pub(super) fn file_watch_ended(&mut self, id: Id) -> bool {
        let Some(watch) = self.watched.watches.remove(&id) else {
            return false;
        };
        assert!(watch.deleted || watch.ended, "{id:?} ends by itself");
        true
    }

    /// What was written is told, and the watches go on: each tells of a write to all files.
    pub(super) fn check_files_at_rest(&mut self) {
        for (id, watch) in &self.watched.watches {
            let is_there = kernel::with(|kernel| kernel.file_at(watch.name)).is_some();
            assert!(
                !(watch.owed && watch.stays),
                "{id:?} does not tell of a write"
            );
            assert!(
                is_there || watch.moved,
                "{id:?} does not tell that its file is gone"
            );
        }
        if self.watched.watches.is_empty() {
            return;
        }
        let told = |(id, watch): (&Id, &Watch)| (*id, watch.told);
        let before: Vec<(Id, usize)> = self.watched.watches.iter().map(told).collect();
        for name in kernel::with(|kernel| kernel.names()) {
            self.write_file(&name);
            (0..3).for_each(|_| self.take_turn(Some(std::time::Duration::ZERO)));
        }
        for (id, before) in before {
            let watch = self.watched.watches.get(&id);
            let told = watch.map_or(before, |watch| watch.told);
            assert!(told > before, "{id:?} watches no file");
        }
    }

    /// Nothing is watched any more.
    pub(super) fn check_files_at_end(&self) {
        let left = kernel::with(|kernel| kernel.watch_count());
        assert_eq!(left, 0, "watches of files that are left");
    }
}
