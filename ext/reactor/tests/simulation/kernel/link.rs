//! A connection of stream sockets: two ends, and what is on its way between them.

use super::passed::Message;
use super::queue::Queue;

/// One connection, from the first to the second of its ends.
#[derive(Debug)]
pub struct Link {
    pub ends: [End; 2],
    /// Whether it is one of Unix-domain sockets, and whether descriptors are passed over it.
    pub is_local: bool,
    pub passes: bool,
    /// The turn that it was made in.
    pub made_in: u64,
}

/// How far an end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Connecting,
    Connected,
    /// Reset or refused.
    Dead,
}

/// A byte that is not among the others, but a read stops before it.
#[derive(Debug, Clone, Copy)]
pub struct Urgent {
    /// How many bytes are to be read before.
    pub at: usize,
    /// Whether it was taken, by MSG_OOB.
    pub taken: bool,
}

/// One end, as tcp(7) has it.
#[derive(Debug)]
pub struct End {
    pub state: State,
    /// Written, and not yet acknowledged by the peer.
    pub sent: Queue,
    /// Arrived, and not yet read.
    pub received: Queue,
    /// What came with descriptors among that.
    pub messages: Vec<Message>,
    /// How much of what it has written its peer has yet to read, if that has it already.
    pub untaken: usize,
    /// Where in these the urgent byte stands that was sent last, and has arrived last.
    pub urgent_sent: Option<usize>,
    pub urgent: Option<Urgent>,
    /// Whether it was told to send no more.
    pub shut: bool,
    /// Whether the peer's end of stream has arrived.
    pub fin: bool,
    /// What SO_ERROR gives.
    pub error: Option<i32>,
    /// Whether nobody has it open any more.
    pub closed: bool,
    /// Whether somebody found no room to write to, and is to be told of some.
    pub no_space: bool,
    /// Whether a read left something, which is to count as arriving later.
    pub arrives_later: bool,
    /// Whether a write was refused for no reason, after which room is to be told of.
    pub drains_later: bool,
    pub room_to_send: usize,
    pub room_to_receive: usize,
    /// The open file that stands for it.
    pub file: Option<usize>,
    /// How many bytes it has taken.
    pub accepted: u64,
    /// The errors that its owner was given.
    pub told: Vec<i32>,
    /// Whether its owner was told that the peer sends no more.
    pub end_told: bool,
}

impl End {
    pub fn new(state: State, room_to_send: usize, room_to_receive: usize) -> Self {
        Self {
            state,
            sent: Queue::default(),
            received: Queue::default(),
            messages: Vec::new(),
            untaken: 0,
            urgent_sent: None,
            urgent: None,
            shut: false,
            fin: false,
            error: None,
            closed: false,
            no_space: false,
            arrives_later: false,
            drains_later: false,
            room_to_send,
            room_to_receive,
            file: None,
            accepted: 0,
            told: Vec::new(),
            end_told: false,
        }
    }

    /// What poll(2) says of it.
    pub fn readiness(&mut self) -> u32 {
        let mut mask = 0;
        if self.error.is_some() {
            mask |= libc::EPOLLERR;
        }
        if self.state == State::Connecting {
            return mask as u32;
        }
        let dead = self.state == State::Dead;
        let ends_input = self.fin || dead;
        if dead || (self.shut && self.fin) {
            mask |= libc::EPOLLHUP;
        }
        if ends_input {
            mask |= libc::EPOLLRDHUP;
        }
        if self.received.len() > 0 || ends_input {
            mask |= libc::EPOLLIN;
        }
        if self.urgent.is_some_and(|urgent| !urgent.taken) {
            mask |= libc::EPOLLPRI;
        }
        if self.shut || dead || self.is_writable() {
            mask |= libc::EPOLLOUT;
        } else {
            self.no_space = true;
        }
        mask as u32
    }

    /// How many bytes one read may give, into so much room.
    pub fn readable_at_once(&self, room: usize) -> usize {
        let before = self.urgent.map_or(usize::MAX, |urgent| urgent.at);
        // A read that begins at the urgent byte leaves it behind.
        let before = if before == 0 { usize::MAX } else { before };
        room.min(self.received.len()).min(before)
    }

    /// How many bytes one read of a Unix-domain socket gives, and whether descriptors come along:
    /// it stops behind those.
    pub fn readable_message(&self, room: usize) -> (usize, bool) {
        let most = room.min(self.received.len());
        let first = self.messages.first();
        match first.filter(|message| message.at < most) {
            Some(message) => (most.min(message.at + message.length), true),
            None => (most, false),
        }
    }

    /// So many bytes are read.
    pub fn skip(&mut self, count: usize) {
        self.received.skip(count);
        self.urgent = self.urgent.and_then(|urgent| {
            let at = urgent.at.checked_sub(count)?;
            (urgent.at > 0).then_some(Urgent { at, ..urgent })
        });
    }

    pub fn room(&self) -> usize {
        let waiting = self.sent.len() + self.untaken;
        self.room_to_send.saturating_sub(waiting)
    }

    /// A third of the room has to be free, so that a write is worth the while.
    pub fn is_writable(&self) -> bool {
        self.room() * 3 >= self.room_to_send
    }

    /// The peer, or the network, has cut it off. What has arrived can be read yet.
    pub fn cut(&mut self, error: i32) {
        if self.state == State::Dead {
            return;
        }
        self.error = Some(match self.fin {
            true => libc::EPIPE,
            false => error,
        });
        self.state = State::Dead;
        self.sent.clear();
        self.urgent_sent = None;
    }
}
