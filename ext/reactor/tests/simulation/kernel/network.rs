//! What happens outside of the program: connects are answered, and bytes arrive.

use super::link::{End, Link, State};
use super::{Answer, Kernel, Kind};

/// Room in a socket for whatever is sent at once.
const PLENTY: usize = 1 << 20;

/// Who listens at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// A listener of the program's.
    Listener(usize),
    /// Somebody outside who takes connections.
    Outside,
    /// Somebody who never answers.
    Silent,
    /// No route.
    Unreachable,
}

impl Kernel {
    pub fn open_outside_servers(&mut self) {
        let kinds = [Server::Outside, Server::Silent, Server::Unreachable];
        self.servers.extend(outside_ports().into_iter().zip(kinds));
    }

    /// A link whose first end is about to connect.
    pub(super) fn new_link(&mut self, state: State) -> usize {
        let mut end = |state| {
            let sizes = [1, 100, 5_000, 70_000, 300_000];
            let [send, receive] = [0; 2].map(|_| sizes[self.random.below(sizes.len())]);
            End::new(state, send, receive)
        };
        let ends = [end(state), end(State::Connected)];
        self.links.push(Link {
            ends,
            is_local: false,
            passes: false,
            made_in: self.turn,
        });
        self.live.push(self.links.len() - 1);
        self.links.len() - 1
    }

    pub(super) fn connect(&mut self, fd: i32, port: u16) -> Answer {
        let file = self.file_of(fd)?;
        if !matches!(self.file_mut(file).kind, Kind::Unconnected(_)) {
            return Err(libc::EISCONN);
        }
        if self.servers.get(&port) == Some(&Server::Unreachable) && self.random.chance(700) {
            return Err(libc::ENETUNREACH);
        }
        let link = self.new_link(State::Connecting);
        self.links[link].ends[0].file = Some(file);
        self.file_mut(file).kind = Kind::Stream(link, 0);
        self.connecting.push((link, port));
        match self.chance(self.faults.interrupted) {
            true => Err(libc::EINTR),
            false => Err(libc::EINPROGRESS),
        }
    }

    /// Somebody outside connects to a listener of the program's; the link, of which theirs is the
    /// first end.
    pub fn connect_from_outside(&mut self, port: u16) -> Option<usize> {
        let listener = self.listener_by(port)?;
        if matches!(
            self.file_mut(listener).kind,
            Kind::Listener { place: Some(_), .. }
        ) {
            return self.join_local(port);
        }
        let link = self.new_link(State::Connecting);
        self.connecting.push((link, port));
        Some(link)
    }

    pub(super) fn listener_by(&self, port: u16) -> Option<usize> {
        match self.servers.get(&port) {
            Some(Server::Listener(file)) => Some(*file),
            _ => None,
        }
    }

    pub(super) fn stop_connecting(&mut self, link: usize) {
        self.connecting.retain(|(other, _)| *other != link);
        let ends = &mut self.links[link].ends;
        ends.iter_mut().for_each(|end| {
            (end.state, end.closed) = (State::Dead, true);
        });
    }

    /// Answers one connect.
    fn answer(&mut self, index: usize) {
        let (link, port) = self.connecting[index];
        let server = self.servers.get(&port).copied();
        if server == Some(Server::Silent) {
            return;
        }
        self.connecting.swap_remove(index);
        let end = &mut self.links[link].ends[0];
        let file = end.file;
        match server {
            Some(Server::Listener(_) | Server::Outside) => end.state = State::Connected,
            Some(Server::Unreachable) => return self.fail_connect(link, libc::EHOSTUNREACH),
            _ => return self.fail_connect(link, libc::ECONNREFUSED),
        }
        self.wake(file, libc::EPOLLOUT);
        match server {
            Some(Server::Listener(listener)) => {
                if let Kind::Listener { backlog, .. } = &mut self.file_mut(listener).kind {
                    backlog.push(link);
                }
                self.wake(Some(listener), libc::EPOLLIN);
            }
            _ => self.arrived.push(link),
        }
    }

    fn fail_connect(&mut self, link: usize, error: i32) {
        self.links[link].ends[1].closed = true;
        self.links[link].ends[1].state = State::Dead;
        self.cut(link, 0, error);
    }

    /// Something happens: a connect is answered, or bytes arrive at one end.
    pub fn happen(&mut self) {
        if !self.connecting.is_empty() && self.random.chance(300) {
            let index = self.random.below(self.connecting.len());
            return self.answer(index);
        }
        self.catch_up_datagrams();
        let Some(link) = self.random.pick(&self.live) else {
            return;
        };
        let (side, most) = (self.random.below(2), self.random.size(400_000));
        self.deliver(link, side, most);
        self.catch_up(link);
        self.retire(link);
    }

    /// Answers all connects, also those that nobody answers: these time out.
    pub fn answer_all(&mut self) {
        while let Some(&(link, port)) = self.connecting.first() {
            match self.servers.get(&port) {
                Some(Server::Silent) => {
                    self.connecting.swap_remove(0);
                    self.fail_connect(link, libc::ETIMEDOUT);
                }
                _ => self.answer(0),
            }
        }
    }

    /// All happens that is under way, and there is plenty of room.
    pub fn settle(&mut self) {
        self.answer_all();
        self.catch_up_datagrams();
        for link in self.live.clone() {
            for end in &mut self.links[link].ends {
                (end.room_to_send, end.room_to_receive) = (PLENTY, PLENTY);
            }
            self.deliver(link, 0, usize::MAX);
            self.deliver(link, 1, usize::MAX);
            self.catch_up(link);
            self.retire(link);
        }
    }

    /// Forgets a link on which nothing can happen any more.
    fn retire(&mut self, link: usize) {
        let is_over = |end: &End| end.closed && (end.state == State::Dead || end.sent.len() == 0);
        if self.links[link].ends.iter().all(is_over) {
            self.live.retain(|other| *other != link);
        }
    }
}

/// Where there are servers outside: one that takes connections, one that never answers, one that
/// cannot be reached, and nobody.
pub fn outside_ports() -> [u16; 4] {
    [10_001, 10_002, 10_003, 10_004]
}
