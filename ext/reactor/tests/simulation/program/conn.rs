//! A connection as its owner should see it.

use std::time::Duration;

use em_reactor::Id;

/// What its owner has asked for, to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    No,
    Now,
    AfterWriting,
}

/// One connection of the program's.
#[derive(Debug)]
pub struct Conn {
    pub id: Id,
    pub fd: i32,
    /// The wire to its peer.
    pub out: usize,
    /// Its link, and which of the ends it is, once it is known.
    pub link: Option<(usize, usize)>,
    pub listener: Option<Id>,
    pub attached: bool,
    /// Whether it connects to a path, by one socket.
    pub by_path: bool,
    /// The process at the other end, where it was started for that.
    pub child: Option<i32>,
    /// Whether its owner was asked whether it takes descriptors, and does.
    pub was_asked: bool,
    pub takes: bool,
    /// Whether nothing but descriptors goes over it from now on, so that these keep it from being
    /// idle.
    pub only_passes: bool,
    /// Whether it is under TLS, and whether its handshake is done.
    pub secure: bool,
    pub established: bool,
    pub connected: bool,
    pub ended: bool,
    /// Whether it ended for a reason.
    pub failed: bool,
    pub closing: Closing,
    pub closed_at: Duration,
    /// Whether it was closed before it was connected, with nothing to write.
    pub closed_early: bool,
    pub detached: bool,
    /// Whether its owner has ended the direction to the peer.
    pub write_closed: bool,
    pub input_end_told: bool,
    pub sends_on: bool,
    pub paused: bool,
    pub stopped: bool,
    /// The turn in which it was paused, stopped or resumed last.
    pub resumed_in: u64,
    /// Whether it is full, as was told.
    pub full: bool,
    pub limited: bool,
    /// Those that it is not read from while they are full.
    pub follows: Vec<usize>,
    /// Whom it passes its input on to, how much it has passed on so far, and how much it is to.
    pub proxy: Option<usize>,
    pub passed: u64,
    pub to_pass: u64,
    /// The turn in which the one that it passed its input on to ended.
    pub unlinked_in: u64,
    pub timeout: Duration,
    /// The turn in which it was given its timeout.
    pub timeout_set_in: u64,
    pub connect_timeout: Duration,
    pub active_at: Duration,
    /// How often data was told in a turn, and in which.
    pub told: (usize, u64),
    /// How often bytes were sent or passed on to it since the last turn ended, and how many bytes
    /// the system had taken by then.
    pub sends: u64,
    pub accepted: u64,
    /// Whether one of the addresses that it connects to always answers.
    pub is_answered: bool,
}

impl Conn {
    pub fn new(id: Id, fd: i32, out: usize, now: Duration) -> Self {
        Self {
            id,
            fd,
            out,
            link: None,
            listener: None,
            attached: false,
            by_path: false,
            child: None,
            was_asked: false,
            takes: false,
            only_passes: false,
            secure: false,
            established: false,
            connected: false,
            ended: false,
            failed: false,
            closing: Closing::No,
            closed_at: now,
            closed_early: false,
            detached: false,
            write_closed: false,
            input_end_told: false,
            sends_on: false,
            paused: false,
            stopped: false,
            resumed_in: 0,
            full: false,
            limited: false,
            follows: Vec::new(),
            proxy: None,
            passed: 0,
            to_pass: 0,
            unlinked_in: 0,
            timeout: Duration::ZERO,
            timeout_set_in: 0,
            connect_timeout: Duration::from_secs(20),
            active_at: now,
            told: (0, 0),
            sends: 0,
            accepted: 0,
            is_answered: false,
        }
    }

    /// Whether its owner has let go of it, so that nothing but its end is told.
    pub fn is_let_go(&self) -> bool {
        self.detached || self.closing == Closing::Now
    }

    pub fn is_open(&self) -> bool {
        self.connected && !self.ended && !self.detached && self.closing == Closing::No
    }
}
