//! UDP sockets of the program's, and what must come of what they send.

use std::collections::BTreeMap;

use em_reactor::Id;

use super::Program;
use super::wire::content;
use crate::kernel;

/// The most that one socket is told of in a turn.
const SHARE: usize = 64;

/// Where datagrams come from that are not the program's.
const OUTSIDE: u16 = 9;

/// A datagram's number stands in it first, and says what follows.
const HEADER: usize = 8;

/// Sockets, and datagrams on their way.
#[derive(Debug, Default)]
pub struct Datagrams {
    sockets: BTreeMap<Id, Socket>,
    made: u64,
    /// By number: from where to where, and how long they are.
    sent: BTreeMap<u64, (u16, u16, usize)>,
}

#[derive(Debug)]
struct Socket {
    fd: i32,
    port: u16,
    paused: bool,
    closing: bool,
    /// Whether it was closed without waiting for what was sent.
    closed: bool,
    /// How many were sent.
    sent: usize,
    received: usize,
    /// The last that came from each port.
    last: BTreeMap<u16, u64>,
    /// How many were told in a turn, and in which.
    told: (usize, u64),
    /// How many losses were told.
    lost: usize,
}

impl Program {
    pub(super) fn act_by_datagrams(&mut self) {
        let ids: Vec<Id> = self.datagrams.sockets.keys().copied().collect();
        let Some(id) = self.random.pick(&ids).filter(|_| self.random.chance(970)) else {
            return self.open_datagrams();
        };
        match self.random.below(20) {
            0 => self.close_datagrams(id),
            1 | 2 => self.pause_datagrams(id),
            3..=5 => self.send_datagram_outside(id),
            _ => self.send_datagrams(id),
        }
    }

    fn open_datagrams(&mut self) {
        if self.datagrams.sockets.len() >= 3 {
            return;
        }
        let Ok(id) = self.reactor.open_datagram(([127, 0, 0, 1], 0).into()) else {
            return;
        };
        assert!(self.names.insert(id), "{id:?} is used again");
        let name = self.reactor.socket_name(id).expect("a name");
        let socket = Socket {
            fd: self.reactor.file_descriptor(id).expect("a number"),
            port: u16::from_be_bytes([name[2], name[3]]),
            paused: false,
            closing: false,
            closed: false,
            sent: 0,
            received: 0,
            last: BTreeMap::new(),
            told: (0, 0),
            lost: 0,
        };
        self.trace(|| format!("{id:?} receives at {}", socket.port));
        self.datagrams.sockets.insert(id, socket);
    }

    fn new_datagram(&mut self, from: u16, to: u16) -> Vec<u8> {
        let most = self.buffer.len().min(60_000) - HEADER;
        let length = HEADER + self.random.size(most);
        self.datagrams.made += 1;
        let number = self.datagrams.made;
        self.datagrams.sent.insert(number, (from, to, length));
        let mut data = number.to_be_bytes().to_vec();
        data.extend_from_slice(content(number, 0, length - HEADER));
        data
    }

    fn send_datagrams(&mut self, id: Id) {
        let mut ports: Vec<u16> = self
            .datagrams
            .sockets
            .values()
            .map(|one| one.port)
            .collect();
        ports.push(OUTSIDE);
        let from = self.datagrams.sockets[&id].port;
        for _ in 0..self.random.size(60) {
            let to = self.random.pick(&ports).expect("a port");
            let data = self.new_datagram(from, to);
            let target = ([127, 0, 0, 1], to).into();
            let taken = self
                .reactor
                .send_datagram(id, &data, target)
                .expect("a socket");
            let socket = self.datagrams.sockets.get_mut(&id).expect("a socket");
            // It may have ended for want of memory, which is told later.
            let may_refuse = socket.closing || kernel::with(|kernel| kernel.may_have_lacked);
            let is_whole = taken == data.len() && !socket.closing;
            assert!(is_whole || taken == 0 && may_refuse, "{id:?} takes {taken}");
            socket.sent += usize::from(taken > 0);
        }
        self.trace(|| format!("{id:?} has sent {}", self.datagrams.sockets[&id].sent));
    }

    fn send_datagram_outside(&mut self, id: Id) {
        let to = self.datagrams.sockets[&id].port;
        for _ in 0..self.random.size(100) {
            let data = self.new_datagram(OUTSIDE, to);
            kernel::with(|kernel| kernel.give_datagram(OUTSIDE, to, &data));
        }
    }

    fn pause_datagrams(&mut self, id: Id) {
        let socket = self.datagrams.sockets.get_mut(&id).expect("a socket");
        socket.paused ^= true;
        let paused = socket.paused;
        self.trace(|| format!("{id:?} pauses: {paused}"));
        self.reactor.set_paused(id, paused).expect("a socket");
    }

    fn close_datagrams(&mut self, id: Id) {
        self.trace(|| format!("{id:?} closes"));
        let after_writing = self.random.chance(500);
        let socket = self.datagrams.sockets.get_mut(&id).expect("a socket");
        socket.closing = true;
        socket.closed |= !after_writing;
        self.reactor.close(id, after_writing);
    }

    /// Whether it is one of these that `len` bytes have come to.
    pub(super) fn datagram_came(&mut self, id: Id, len: usize) -> bool {
        let Some(socket) = self.datagrams.sockets.get_mut(&id) else {
            return false;
        };
        assert!(
            !socket.closing && !socket.paused,
            "{id:?} has data, and should not"
        );
        let name = self.reactor.peer_name(id).expect("a sender");
        let from = u16::from_be_bytes([name[2], name[3]]);
        let data = &self.buffer[..len];
        let number = u64::from_be_bytes(data[..HEADER].try_into().expect("a header"));
        let sent = self.datagrams.sent.remove(&number);
        assert_eq!(
            sent,
            Some((from, socket.port, len)),
            "datagram {number} to {id:?}"
        );
        let is_sound = data[HEADER..] == *content(number, 0, len - HEADER);
        assert!(is_sound, "datagram {number} is another");
        socket.received += 1;
        let before = socket.last.insert(from, number);
        assert!(
            before.is_none_or(|before| before < number),
            "{number} after {before:?}"
        );
        socket.told = match socket.told {
            (count, turn) if turn == self.turn => (count + 1, turn),
            _ => (1, self.turn),
        };
        assert!(socket.told.0 <= SHARE, "{id:?} has more than its share");
        true
    }

    /// The system has told of as many failures, or more of the same datagram.
    pub(super) fn datagram_lost(&mut self, id: Id, errno: i32) {
        let socket = self.datagrams.sockets.get_mut(&id).expect("a socket");
        assert!(
            !socket.closed,
            "{id:?} tells of a loss though it was closed"
        );
        assert!(
            matches!(errno, libc::ECONNREFUSED | libc::ENOBUFS),
            "{id:?} lost a datagram by {errno}"
        );
        socket.lost += 1;
        let failed = kernel::with(|kernel| kernel.datagram_socket(socket.fd).expect("open").failed);
        assert!(
            socket.lost <= failed,
            "{id:?} has lost {}, of {failed}",
            socket.lost
        );
    }

    /// Whether it is one of these that has ended.
    pub(super) fn datagrams_unbound(&mut self, id: Id, is_lacking: bool) -> bool {
        let Some(socket) = self.datagrams.sockets.remove(&id) else {
            return false;
        };
        assert!(socket.closing || is_lacking, "{id:?} ends by itself");
        self.reactor.release(id);
        true
    }

    pub(super) fn count_datagrams(&self) -> usize {
        self.datagrams.sockets.len()
    }

    pub(super) fn resume_datagrams(&mut self) {
        for id in self.datagrams.sockets.keys().copied().collect::<Vec<_>>() {
            if self.datagrams.sockets[&id].paused {
                self.pause_datagrams(id);
            }
        }
    }

    pub(super) fn close_all_datagrams(&mut self) {
        for id in self.datagrams.sockets.keys().copied().collect::<Vec<_>>() {
            self.close_datagrams(id);
        }
    }

    pub(super) fn note_end_of_datagrams(&mut self) {
        self.datagrams
            .sockets
            .values_mut()
            .for_each(|one| one.closing = true);
    }

    /// All that has arrived was told, and all that was sent has gone.
    pub(super) fn check_datagrams_at_rest(&self) {
        for (id, socket) in &self.datagrams.sockets {
            assert!(!socket.closing, "{id:?} does not end");
            kernel::with(|kernel| {
                let in_system = kernel.datagram_socket(socket.fd).expect("a socket");
                assert_eq!(in_system.waiting.len(), 0, "{id:?} does not receive");
                assert_eq!(in_system.taken, socket.received, "what {id:?} was told of");
                assert_eq!(in_system.given, socket.sent, "what {id:?} has sent");
            });
        }
    }
}
