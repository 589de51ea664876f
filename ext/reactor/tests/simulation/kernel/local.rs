//! Unix-domain sockets: unix(7). What is written is in the peer's socket at once.

use std::fs::{self, File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::link::State;
use super::streams::ALL;
use super::{Answer, Kernel, Kind};

/// Turns in which what is told late will have been told.
const PATIENCE: u64 = 30;

/// The file that a socket is bound to: one of the real kernel's, so that the library finds it.
#[derive(Debug)]
pub struct Place {
    inode: u64,
    /// Keeps its number from being given to another, as a bound socket does.
    _held: File,
}

impl Place {
    fn make(path: &Path) -> Answer<Self> {
        if !make_socket_file(path) {
            return Err(libc::EADDRINUSE);
        }
        let held = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_NOFOLLOW)
            .open(path);
        Ok(Self {
            inode: inode(path).expect("a file"),
            _held: held.expect("a file"),
        })
    }
}

/// Makes the file of a socket, as bind(2) does; false where there is a file.
pub fn make_socket_file(path: &Path) -> bool {
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).expect("a path");
    // SAFETY: the path is a string that ends in NUL.
    unsafe { libc::mknod(path.as_ptr(), libc::S_IFSOCK | 0o600, 0) == 0 }
}

/// What tells the file at a path from others.
pub fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|data| data.ino())
}

impl Kernel {
    pub(super) fn bind_local(&mut self, fd: i32, path: &Path) -> Answer {
        let Kind::Local(None) = self.kind_of(fd)? else {
            return Err(libc::EINVAL);
        };
        let place = Place::make(path)?;
        *self.kind_of(fd)? = Kind::Local(Some(place));
        Ok(0)
    }

    /// The port that stands for a place from now on.
    pub(super) fn note_place(&mut self, place: &Place) -> u16 {
        let port = self.free_port();
        self.places.insert(place.inode, port);
        port
    }

    pub(super) fn forget_place(&mut self, place: &Place) {
        self.places.remove(&place.inode);
    }

    /// The port that stands for the listener at a path.
    pub fn listener_at(&self, path: &Path) -> Option<u16> {
        self.places.get(&inode(path)?).copied()
    }

    pub(super) fn connect_local(&mut self, fd: i32, path: &Path) -> Answer {
        let file = self.file_of(fd)?;
        let Kind::Local(None) = self.file_mut(file).kind else {
            return Err(libc::EISCONN);
        };
        inode(path).ok_or(libc::ENOENT)?;
        let port = self.listener_at(path).ok_or(libc::ECONNREFUSED)?;
        if self.chance(self.faults.not_ready) {
            // The backlog is full.
            return Err(libc::EAGAIN);
        }
        let link = self.join_local(port).ok_or(libc::ECONNREFUSED)?;
        self.links[link].ends[0].file = Some(file);
        // Who watches it already is told of nothing.
        self.file_mut(file).kind = Kind::Stream(link, 0);
        Ok(0)
    }

    /// A link to a listener, which has yet to accept it.
    pub(super) fn join_local(&mut self, port: u16) -> Option<usize> {
        let listener = self.listener_by(port)?;
        let link = self.new_local_link();
        if let Kind::Listener { backlog, .. } = &mut self.file_mut(listener).kind {
            backlog.push(link);
        }
        self.wake(Some(listener), libc::EPOLLIN);
        Some(link)
    }

    fn new_local_link(&mut self) -> usize {
        let link = self.new_link(State::Connected);
        self.links[link].is_local = true;
        self.links[link].passes = self.random.chance(500);
        link
    }

    /// A socket that is connected to somebody outside: see socketpair(2).
    pub fn local_pair(&mut self) -> Answer<i32> {
        let link = self.new_local_link();
        self.open_end(link, 0)
    }

    pub(super) fn socketpair(&mut self) -> Answer<[i32; 2]> {
        self.may_lack()?;
        let link = self.new_local_link();
        // A child and its parent pass none.
        self.links[link].passes = false;
        let near = self.open_end(link, 0)?;
        match self.open_end(link, 1) {
            Ok(far) => Ok([near, far]),
            Err(error) => {
                self.close(near)?;
                Err(error)
            }
        }
    }

    /// Whether a Unix-domain socket was connected so many turns ago that this must have been told.
    pub fn was_joined(&mut self, fd: i32) -> bool {
        let link = self.end_of(fd).map(|(link, _)| &self.links[link]);
        link.is_ok_and(|link| link.is_local && link.made_in + PATIENCE < self.turn)
    }

    /// Whether a descriptor is a Unix-domain socket.
    pub(super) fn is_local(&mut self, fd: i32) -> bool {
        let link = match self.kind_of(fd) {
            Ok(Kind::Stream(link, _)) => *link,
            Ok(Kind::Local(_) | Kind::Listener { place: Some(_), .. }) => return true,
            _ => return false,
        };
        self.links[link].is_local
    }

    /// Ends the directions of one end, which its peer sees at once.
    pub(super) fn shut_local(&mut self, link: usize, side: usize, sends: bool, reads: bool) {
        let ends = &mut self.links[link].ends;
        ends[side].shut |= sends;
        ends[1 - side].fin |= sends;
        ends[side].fin |= reads;
        ends[1 - side].shut |= reads;
        let files = [ends[0].file, ends[1].file];
        files.into_iter().for_each(|file| self.wake(file, ALL));
    }

    /// Nobody has an end open any more. Where something is unread, its peer learns that.
    pub(super) fn close_local(&mut self, link: usize, side: usize, was_refused: bool) {
        let ends = &mut self.links[link].ends;
        if std::mem::replace(&mut ends[side].closed, true) {
            return;
        }
        let is_loss = was_refused || ends[side].received.len() > 0;
        ends[side].file = None;
        let left = ends[side].received.len();
        let files = self.take(link, side, left);
        self.drop_files(&files);
        let peer = &mut self.links[link].ends[1 - side];
        if is_loss && !peer.closed {
            peer.error = Some(libc::ECONNRESET);
        }
        self.shut_local(link, side, true, true);
    }

    /// What somebody outside has done is seen at the other end, and room is told of.
    pub(super) fn deliver_local(&mut self, link: usize, side: usize) {
        let [first, second] = &mut self.links[link].ends;
        let (from, to) = match side {
            0 => (first, second),
            _ => (second, first),
        };
        let ends = from.shut && !to.fin;
        to.fin |= ends;
        let has_room = from.no_space && from.is_writable();
        from.no_space &= !has_room;
        let (source, target) = (from.file, to.file);
        if ends {
            let end = libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP;
            self.wake(target, end);
        }
        if has_room {
            self.wake(source, libc::EPOLLOUT);
        }
    }

    /// Bytes of one end that its peer has taken leave room for more.
    pub(super) fn make_room(&mut self, link: usize, side: usize, count: usize) {
        self.links[link].ends[side].untaken -= count;
        self.deliver_local(link, side);
    }
}
