//! Making sockets, and what is asked of them.

use super::link::State;
use super::network::Server;
use super::{Answer, Kernel, Kind};

impl Kernel {
    pub(super) fn socket(&mut self, domain: i32, kind: i32) -> Answer<i32> {
        self.may_lack()?;
        match kind & 0xf {
            libc::SOCK_STREAM if domain == libc::AF_UNIX => self.open(Kind::Local(None)),
            libc::SOCK_STREAM => self.open(Kind::Unconnected(None)),
            libc::SOCK_DGRAM => self.open(Kind::Datagrams(Default::default())),
            _ => Err(libc::EPROTONOSUPPORT),
        }
    }

    pub(super) fn bind(&mut self, fd: i32, port: u16) -> Answer {
        let port = match port {
            0 => self.free_port(),
            port => port,
        };
        match self.kind_of(fd)? {
            Kind::Unconnected(bound) => *bound = Some(port),
            Kind::Datagrams(socket) => socket.port = port,
            _ => return Err(libc::EINVAL),
        }
        Ok(0)
    }

    pub(super) fn free_port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }

    pub(super) fn listen(&mut self, fd: i32) -> Answer {
        let file = self.file_of(fd)?;
        let (port, place) = match &mut self.file_mut(file).kind {
            Kind::Unconnected(Some(port)) => (*port, None),
            Kind::Local(place @ Some(_)) => (0, place.take()),
            _ => return Err(libc::EINVAL),
        };
        let port = match &place {
            Some(place) => self.note_place(place),
            None => port,
        };
        self.file_mut(file).kind = Kind::Listener {
            port,
            place,
            backlog: Vec::new(),
        };
        self.servers.insert(port, Server::Listener(file));
        Ok(0)
    }

    /// A connection that waits, by its descriptor.
    pub(super) fn accept(&mut self, fd: i32) -> Answer<i32> {
        self.may_interrupt()?;
        let Kind::Listener { backlog, .. } = self.kind_of(fd)? else {
            return Err(libc::EINVAL);
        };
        let Some(&link) = backlog.first() else {
            return Err(libc::EAGAIN);
        };
        self.may_lack()?;
        if self.chance(self.faults.shortage / 4) && !self.links[link].is_local {
            self.take_from_backlog(fd)?;
            self.reset(link, 1);
            return Err(libc::ECONNABORTED);
        }
        let accepted = self.open_end(link, 1)?;
        self.take_from_backlog(fd)?;
        Ok(accepted)
    }

    fn take_from_backlog(&mut self, fd: i32) -> Answer<()> {
        if let Kind::Listener { backlog, .. } = self.kind_of(fd)? {
            backlog.remove(0);
        }
        Ok(())
    }

    /// How many connections wait to be accepted.
    pub fn backlog(&mut self, fd: i32) -> usize {
        match self.kind_of(fd) {
            Ok(Kind::Listener { backlog, .. }) => backlog.len(),
            _ => 0,
        }
    }

    /// A socket that is connected to somebody outside.
    pub fn pair(&mut self) -> Answer<i32> {
        let link = self.new_link(State::Connected);
        self.open_end(link, 0)
    }

    pub(super) fn open_end(&mut self, link: usize, side: usize) -> Answer<i32> {
        let fd = self.open(Kind::Stream(link, side))?;
        self.links[link].ends[side].file = Some(self.file_of(fd)?);
        Ok(fd)
    }

    pub(super) fn take_error(&mut self, fd: i32) -> Answer<i32> {
        let (link, side) = match self.end_of(fd) {
            Err(libc::ENOTCONN) => return Ok(0),
            end => end?,
        };
        let end = &mut self.links[link].ends[side];
        let error = end.error.take();
        end.told.extend(error);
        Ok(error.unwrap_or(0))
    }

    /// How many bytes the peer has not acknowledged.
    pub(super) fn unacknowledged(&mut self, fd: i32) -> Answer {
        let (link, side) = self.end_of(fd)?;
        let end = &self.links[link].ends[side];
        // The end of the stream counts, too.
        let peer_knows = self.links[link].ends[1 - side].fin;
        Ok(end.sent.len()
            + end.untaken
            + usize::from(end.shut && !peer_knows && end.state == State::Connected))
    }

    /// Whether a socket is connected: whether it has the name of a peer.
    pub(super) fn has_peer(&mut self, fd: i32) -> Answer<()> {
        let (link, side) = self.end_of(fd)?;
        match self.links[link].ends[side].state {
            State::Connected => Ok(()),
            _ => Err(libc::ENOTCONN),
        }
    }

    /// The local port.
    pub(super) fn port(&mut self, fd: i32) -> Answer<u16> {
        match self.kind_of(fd)? {
            Kind::Listener { port, .. } | Kind::Unconnected(Some(port)) => Ok(*port),
            Kind::Datagrams(socket) => Ok(socket.port),
            _ => Ok(1),
        }
    }

    /// Whether a descriptor is a socket.
    pub(super) fn is_socket(&mut self, fd: i32) -> Answer<bool> {
        let kind = self.kind_of(fd)?;
        let is_stream = matches!(
            kind,
            Kind::Stream(..) | Kind::Unconnected(_) | Kind::Local(_)
        );
        Ok(is_stream || matches!(kind, Kind::Listener { .. } | Kind::Datagrams(_)))
    }
}
