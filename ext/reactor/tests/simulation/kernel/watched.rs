//! Files by their names, and inotify(7).

use std::collections::{BTreeMap, VecDeque};

use super::{Answer, Kernel, Kind};

/// The most notices that wait to be read; further ones are lost, and that is told.
const MOST: usize = 16;

/// Bytes of a notice without a name.
const NOTICE: usize = size_of::<libc::inotify_event>();

/// The names of files, each with the number of its file.
#[derive(Debug, Default)]
pub struct Tree {
    names: BTreeMap<String, u64>,
    made: u64,
}

/// An inotify descriptor.
#[derive(Debug, Default)]
pub struct Inotify {
    /// The files that are watched, by the numbers of the watches.
    watches: BTreeMap<i32, u64>,
    last: i32,
    notices: VecDeque<(i32, u32)>,
}

impl Inotify {
    fn push(&mut self, number: i32, mask: u32) {
        let notice = match self.notices.len() < MOST {
            true => (number, mask),
            false => (-1, libc::IN_Q_OVERFLOW),
        };
        if self.notices.back() != Some(&notice) {
            self.notices.push_back(notice);
        }
    }

    fn has_lost(&self) -> bool {
        self.notices.len() > MOST
    }

    pub(super) fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }
}

impl Kernel {
    pub fn file_at(&self, name: &str) -> Option<u64> {
        self.tree.names.get(name).copied()
    }

    pub fn names(&self) -> Vec<String> {
        self.tree.names.keys().cloned().collect()
    }

    /// Whether there are notices of the file of that name that were not read yet.
    pub fn has_unread_notices(&self, name: &str) -> bool {
        let watched = self.file_at(name);
        let has_some = |inotify: &Inotify| {
            let mut numbers = inotify.notices.iter().map(|(number, _)| number);
            numbers.any(|number| inotify.watches.get(number).copied() == watched)
        };
        let mut kinds = self.files.iter().flatten().map(|file| &file.kind);
        kinds.any(|kind| matches!(kind, Kind::Inotify(inotify) if has_some(inotify)))
    }

    /// How many watches there are.
    pub fn watch_count(&self) -> usize {
        let kinds = self.files.iter().flatten().map(|file| &file.kind);
        kinds
            .map(|kind| match kind {
                Kind::Inotify(inotify) => inotify.watches.len(),
                _ => 0,
            })
            .sum()
    }

    pub fn inotify_count(&self) -> usize {
        let kinds = self.files.iter().flatten().map(|file| &file.kind);
        kinds
            .filter(|kind| matches!(kind, Kind::Inotify(_)))
            .count()
    }

    /// Makes a file of that name, where there is none.
    pub fn make_file(&mut self, name: &str) {
        if !self.tree.names.contains_key(name) {
            self.tree.made += 1;
            self.tree.names.insert(name.to_owned(), self.tree.made);
        }
    }

    /// Something happens to the file of that name.
    pub fn touch_file(&mut self, name: &str, mask: u32) {
        if let Some(file) = self.file_at(name) {
            self.notify(file, mask);
        }
    }

    pub fn remove_file(&mut self, name: &str) {
        if let Some(file) = self.tree.names.remove(name) {
            self.notify(file, libc::IN_ATTRIB);
            self.notify(file, libc::IN_DELETE_SELF);
            self.ignore(file);
        }
    }

    /// Gives a file another name, in the place of the file that has it.
    pub fn rename_file(&mut self, from: &str, to: &str) {
        let Some(file) = self.file_at(from) else {
            return;
        };
        if from == to {
            return;
        }
        self.remove_file(to);
        self.tree.names.remove(from);
        self.tree.names.insert(to.to_owned(), file);
        self.notify(file, libc::IN_MOVE_SELF);
    }

    fn notify(&mut self, file: u64, mask: u32) {
        self.on_watches(file, |inotify, number| inotify.push(number, mask));
    }

    /// A file is gone, and with it all watches of it.
    fn ignore(&mut self, file: u64) {
        self.on_watches(file, |inotify, number| {
            inotify.watches.remove(&number);
            inotify.push(number, libc::IN_IGNORED);
        });
    }

    fn on_watches(&mut self, watched: u64, act: impl Fn(&mut Inotify, i32)) {
        for file in 0..self.files.len() {
            let kind = self.files[file].as_mut().map(|file| &mut file.kind);
            let Some(Kind::Inotify(inotify)) = kind else {
                continue;
            };
            let number = inotify.watches.iter().find(|(_, one)| **one == watched);
            if let Some(number) = number.map(|(number, _)| *number) {
                act(inotify, number);
                self.lost_notices |= inotify.has_lost();
                self.wake(Some(file), libc::EPOLLIN);
            }
        }
    }

    fn inotify(&mut self, fd: i32) -> Answer<&mut Inotify> {
        match self.kind_of(fd)? {
            Kind::Inotify(inotify) => Ok(inotify),
            _ => Err(libc::EINVAL),
        }
    }

    pub(super) fn inotify_init(&mut self) -> Answer<i32> {
        self.may_lack()?;
        self.open(Kind::Inotify(Inotify::default()))
    }

    pub(super) fn inotify_add(&mut self, fd: i32, name: &str) -> Answer<i32> {
        let file = self.file_at(name).ok_or(libc::ENOENT)?;
        let inotify = self.inotify(fd)?;
        let known = inotify.watches.iter().find(|(_, one)| **one == file);
        if let Some((number, _)) = known {
            return Ok(*number);
        }
        inotify.last += 1;
        inotify.watches.insert(inotify.last, file);
        Ok(inotify.last)
    }

    pub(super) fn inotify_remove(&mut self, fd: i32, number: i32) -> Answer {
        let file = self.file_of(fd)?;
        let inotify = self.inotify(fd)?;
        inotify.watches.remove(&number).ok_or(libc::EINVAL)?;
        inotify.push(number, libc::IN_IGNORED);
        self.wake(Some(file), libc::EPOLLIN);
        Ok(0)
    }

    /// As many notices as there is room for: number, mask, and neither cookie nor name.
    pub(super) fn read_notices(&mut self, fd: i32, buffer: &mut [u8]) -> Answer {
        let inotify = self.inotify(fd)?;
        if inotify.notices.is_empty() {
            return Err(libc::EAGAIN);
        }
        let count = inotify.notices.len().min(buffer.len() / NOTICE);
        for (place, (number, mask)) in buffer
            .chunks_exact_mut(NOTICE)
            .zip(inotify.notices.drain(..count))
        {
            place.fill(0);
            place[..4].copy_from_slice(&number.to_ne_bytes());
            place[4..8].copy_from_slice(&mask.to_ne_bytes());
        }
        Ok(count * NOTICE)
    }
}
