//! epoll(7): who is to be told of which file, edge-triggered or level-triggered.

use super::{Answer, Kernel, Kind};

/// What EPOLLERR and EPOLLHUP are told without being asked for.
const ALWAYS: u32 = (libc::EPOLLERR | libc::EPOLLHUP) as u32;

/// The files that one epoll file watches.
#[derive(Debug, Default)]
pub struct Epoll {
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    file: usize,
    fd: i32,
    events: u32,
    data: u64,
    /// Whether something has happened since it was told last.
    pending: bool,
}

impl Kernel {
    pub(super) fn epoll_create(&mut self) -> Answer<i32> {
        self.open(Kind::Epoll(Epoll::default()))
    }

    fn epoll(&mut self, file: usize) -> Answer<&mut Epoll> {
        match &mut self.file_mut(file).kind {
            Kind::Epoll(epoll) => Ok(epoll),
            _ => Err(libc::EINVAL),
        }
    }

    pub(super) fn epoll_ctl(
        &mut self,
        epoll: i32,
        operation: i32,
        fd: i32,
        event: Option<(u32, u64)>,
    ) -> Answer {
        let queue = self.file_of(epoll)?;
        let file = self.file_of(fd)?;
        if file == queue {
            return Err(libc::EINVAL);
        }
        let items = &mut self.epoll(queue)?.items;
        let found = items.iter().position(|i| i.file == file && i.fd == fd);
        let (events, data) = event.unwrap_or_default();
        match (operation, found) {
            (libc::EPOLL_CTL_ADD, Some(_)) => return Err(libc::EEXIST),
            (libc::EPOLL_CTL_ADD, None) => {
                self.may_not_watch()?;
                let item = Item {
                    file,
                    fd,
                    events,
                    data,
                    pending: true,
                };
                self.epoll(queue)?.items.push(item);
                self.file_mut(file).watchers.push((queue, fd));
            }
            (_, None) => return Err(libc::ENOENT),
            (libc::EPOLL_CTL_MOD, Some(index)) => {
                self.may_not_watch()?;
                let item = &mut self.epoll(queue)?.items[index];
                (item.events, item.data, item.pending) = (events, data, true);
            }
            (_, Some(index)) => {
                self.epoll(queue)?.items.remove(index);
                let watchers = &mut self.file_mut(file).watchers;
                watchers.retain(|watcher| *watcher != (queue, fd));
            }
        }
        Ok(0)
    }

    fn may_not_watch(&mut self) -> Answer<()> {
        if !self.chance(self.faults.unwatched) {
            return Ok(());
        }
        self.may_have_lacked = true;
        Err(match self.random.chance(500) {
            true => libc::ENOMEM,
            false => libc::ENOSPC,
        })
    }

    /// Something has happened to a file.
    pub(super) fn wake(&mut self, file: Option<usize>, events: i32) {
        let Some(file) = file else { return };
        let watchers = self.files[file].as_ref().map(|file| file.watchers.clone());
        for (queue, fd) in watchers.unwrap_or_default() {
            let Ok(epoll) = self.epoll(queue) else {
                continue;
            };
            let is_it = |item: &&mut Item| item.file == file && item.fd == fd;
            if let Some(item) = epoll.items.iter_mut().find(is_it) {
                item.pending |= events as u32 & (item.events | ALWAYS) != 0;
            }
        }
    }

    /// What is ready, up to `most`, each with the number it was added with. Where that is nothing,
    /// time passes.
    pub(super) fn epoll_wait(
        &mut self,
        epoll: i32,
        most: usize,
        timeout: i32,
    ) -> Answer<Vec<(u32, u64)>> {
        let queue = self.file_of(epoll)?;
        if self.chance(self.faults.interrupted / 4) {
            return Err(libc::EINTR);
        }
        let mut ready = self.take_ready(queue, most)?;
        if ready.is_empty() {
            self.pass_time(timeout);
        } else if self.random.chance(100) {
            self.clock += std::time::Duration::from_micros(self.random.size(100_000) as u64);
        }
        self.random.shuffle(&mut ready);
        Ok(ready)
    }

    fn take_ready(&mut self, queue: usize, most: usize) -> Answer<Vec<(u32, u64)>> {
        let mut ready = Vec::new();
        for index in 0..self.epoll(queue)?.items.len() {
            let item = &self.epoll(queue)?.items[index];
            if !item.pending || ready.len() == most || self.chance(self.faults.delayed) {
                continue;
            }
            let item = &self.epoll(queue)?.items[index];
            let (file, events, data) = (item.file, item.events, item.data);
            let told = self.readiness(file) & (events | ALWAYS);
            let stays = told != 0 && events & libc::EPOLLET as u32 == 0;
            self.epoll(queue)?.items[index].pending = stays;
            if told != 0 {
                ready.push((told, data));
            }
        }
        Ok(ready)
    }

    pub(super) fn readiness(&mut self, file: usize) -> u32 {
        let ready = match &self.file_mut(file).kind {
            Kind::Stream(link, side) => {
                let (link, side) = (*link, *side);
                return self.links[link].ends[side].readiness();
            }
            Kind::Datagrams(socket) => socket.readiness(),
            Kind::Process(pid) => {
                let pid = *pid;
                return if self.has_ended(pid) {
                    libc::EPOLLIN as u32
                } else {
                    0
                };
            }
            Kind::Unconnected(_) | Kind::Local(_) => libc::EPOLLOUT | libc::EPOLLHUP,
            Kind::Listener { backlog, .. } if !backlog.is_empty() => libc::EPOLLIN,
            Kind::Event(count) if *count > 0 => libc::EPOLLIN | libc::EPOLLOUT,
            Kind::Event(_) => libc::EPOLLOUT,
            Kind::Inotify(inotify) if inotify.has_notices() => libc::EPOLLIN,
            _ => 0,
        };
        ready as u32
    }

    /// What poll(2) says of a descriptor, of what is asked for.
    pub fn poll(&mut self, fd: i32, asked_for: u32) -> u32 {
        match self.file_of(fd) {
            Ok(file) => self.readiness(file) & (asked_for | ALWAYS),
            Err(_) => libc::POLLNVAL as u32,
        }
    }

    /// Whether something is yet to be told.
    pub fn is_anything_pending(&mut self) -> bool {
        for queue in 0..self.files.len() {
            let Some(Kind::Epoll(epoll)) = self.files[queue].as_ref().map(|file| &file.kind) else {
                continue;
            };
            let pending = epoll.items.iter().filter(|item| item.pending);
            let pending: Vec<_> = pending.map(|item| (item.file, item.events)).collect();
            let is_ready = |(file, events)| self.readiness(file) & (events | ALWAYS) != 0;
            if pending.into_iter().any(is_ready) {
                return true;
            }
        }
        false
    }

    /// Whether something of an end is yet to be told, as if it had not arrived.
    pub fn is_untold(&self, link: usize, side: usize) -> bool {
        let is_it = |item: &Item| self.links[link].ends[side].file == Some(item.file);
        self.files.iter().flatten().any(|file| match &file.kind {
            Kind::Epoll(epoll) => epoll.items.iter().any(|item| is_it(item) && item.pending),
            _ => false,
        })
    }

    /// Whether a descriptor is watched.
    pub fn is_watched(&mut self, fd: i32) -> bool {
        let Ok(file) = self.file_of(fd) else {
            return false;
        };
        let watchers = &self.file_mut(file).watchers;
        watchers.iter().any(|(_, watched)| *watched == fd)
    }

    /// What is watched, by each number that it is watched by.
    pub fn watched_files(&self) -> Vec<String> {
        let watched = |file: &super::File| {
            let by = |(_, fd): &(usize, i32)| format!("{:?} by {fd}", file.kind);
            file.watchers.iter().map(by).collect::<Vec<_>>()
        };
        self.files.iter().flatten().flat_map(watched).collect()
    }

    /// A file is gone, by which it is watched no more.
    pub(super) fn forget_watched(&mut self, file: usize, watchers: &[(usize, i32)]) {
        for (queue, _) in watchers {
            if let Ok(epoll) = self.epoll(*queue) {
                epoll.items.retain(|item| item.file != file);
            }
        }
    }

    /// A queue is gone.
    pub(super) fn forget_epoll(&mut self, queue: usize, epoll: &Epoll) {
        for item in &epoll.items {
            if let Some(file) = &mut self.files[item.file] {
                file.watchers.retain(|watcher| *watcher != (queue, item.fd));
            }
        }
    }

    /// Nothing is ready: the clock goes on, to the end of the wait or not quite, or far beyond.
    fn pass_time(&mut self, timeout: i32) {
        let limit = u64::try_from(timeout).unwrap_or(1_000);
        let micros = limit * 1_000;
        let passed = match self.random.below(4) {
            0 => self.random.below(micros as usize + 1) as u64,
            1 => micros + self.random.size(20_000) as u64,
            _ => micros,
        };
        let jump = match self.chance(self.faults.jumps) {
            true => self.random.size(60_000_000) as u64,
            false => 0,
        };
        self.clock += std::time::Duration::from_micros(passed + jump);
    }
}
