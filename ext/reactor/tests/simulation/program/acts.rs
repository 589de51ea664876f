//! What the program does.

use std::time::Duration;

use super::Program;
use super::conn::Closing;
use super::wire::MOST;

/// The longest timeout, in microseconds: it outlasts what waits for all to come to rest.
const LONGEST: usize = 2_000_000_000;

impl Program {
    /// Something, with this connection or any.
    pub(super) fn act(&mut self, subject: Option<usize>) {
        let live: Vec<usize> = self.by_id.values().copied().collect();
        let subject = subject.filter(|index| !self.conns[*index].ended);
        let subject = subject.or_else(|| self.random.pick(&live));
        match (self.random.below(100), subject) {
            (0..=6, _) => self.connect(),
            (7..=8, _) => self.listen(),
            (9..=10, _) => self.change_server(),
            (11..=12, _) => self.attach(),
            (13..=19, _) => self.act_on_timers(),
            (21..=23, _) => self.act_by_datagrams(),
            (20, _) => self.change_queue(),
            (24..=31, _) => self.act_by_sockets(),
            (32, _) => self.act_by_processes(),
            (33..=34, _) => self.act_by_files(),
            (35..=38, _) => self.act_by_local(),
            (39, _) => self.spawn(),
            (_, Some(index)) => self.act_on(index),
            _ => self.listen(),
        }
    }

    fn act_on(&mut self, index: usize) {
        let id = self.conns[index].id;
        if self.conns[index].only_passes {
            return;
        }
        match self.random.below(100) {
            0..=51 => self.send(index),
            52..=53 => self.send_file(index),
            54 => self.pause_when_full(index),
            55..=64 => self.pause(index),
            65..=69 => self.stop_reading(index),
            70..=72 => {
                let after_writing = self.random.chance(700);
                self.close(index, after_writing);
            }
            73..=74 => self.close_write(index),
            75..=81 | 89..=94 => self.proxy(index),
            82 => self.detach(index),
            95..=97 => self.pass_descriptor(index),
            83..=85 => self.set_timeout(index),
            86..=88 => {
                let high = self.random.size(100_000);
                let low = self.random.below(high);
                self.trace(|| format!("{id:?} has limits {high} and {low}"));
                self.conns[index].limited = true;
                self.reactor
                    .set_outbound_limits(id, high, low)
                    .expect("limits");
            }
            _ => self.send(index),
        }
    }

    /// Goes on with another queue, as a forked child does.
    pub(super) fn change_queue(&mut self) {
        self.trace(|| "another queue".into());
        if let Ok(poller) = self.reactor.adopt() {
            self.poller = poller;
        }
    }

    fn send(&mut self, index: usize) {
        let conn = &self.conns[index];
        let (id, out) = (conn.id, conn.out);
        if self.wires[out].source.is_some() {
            return;
        }
        let length = self.random.size(MOST);
        let data = self.wires[out].next(length);
        let sent = match self.random.chance(200) {
            true => self.reactor.send_shared(id, Box::new(data)),
            false => self.reactor.send(id, data),
        };
        self.trace(|| format!("{id:?} sends {length}: {sent:?}"));
        self.note_sent(index, length, sent.unwrap_or(0));
    }

    /// So much of what was sent was taken: all, or nothing.
    pub(super) fn note_sent(&mut self, index: usize, length: usize, taken: usize) {
        self.check_taken(index, length, taken);
        let out = self.conns[index].out;
        self.wires[out].offer(taken);
    }

    pub(super) fn check_taken(&mut self, index: usize, length: usize, taken: usize) {
        let conn = &mut self.conns[index];
        let may_send = !conn.is_let_go() && conn.closing == Closing::No && !conn.write_closed;
        assert!(
            taken == 0 || taken == length && may_send,
            "{:?} takes {taken} of {length}",
            conn.id
        );
        conn.sends += 1;
    }

    fn pause(&mut self, index: usize) {
        let conn = &mut self.conns[index];
        conn.paused ^= true;
        conn.resumed_in = self.turn;
        let (id, paused) = (conn.id, conn.paused);
        self.trace(|| format!("{id:?} pauses: {paused}"));
        self.reactor.set_paused(id, paused).expect("a connection");
    }

    fn stop_reading(&mut self, index: usize) {
        let conn = &mut self.conns[index];
        conn.stopped ^= true;
        conn.resumed_in = self.turn;
        let (id, stopped) = (conn.id, conn.stopped);
        self.trace(|| format!("{id:?} stops reading: {stopped}"));
        self.reactor
            .set_reading(id, !stopped)
            .expect("a connection");
    }

    pub(super) fn resume_all(&mut self) {
        for index in self.by_id.values().copied().collect::<Vec<_>>() {
            if self.conns[index].paused {
                self.pause(index);
            }
            if self.conns[index].stopped {
                self.stop_reading(index);
            }
        }
        self.resume_datagrams();
        self.resume_timers();
        self.calm_own();
    }

    pub(super) fn close(&mut self, index: usize, after_writing: bool) {
        let clock = self.clock();
        let conn = &mut self.conns[index];
        let id = conn.id;
        let is_first = conn.closing != Closing::Now;
        if after_writing && conn.closing == Closing::No {
            (conn.closing, conn.closed_at) = (Closing::AfterWriting, clock);
        } else if !after_writing {
            conn.closing = Closing::Now;
        }
        let out = conn.out;
        conn.closed_early |= !conn.connected && self.wires[out].offered == 0;
        self.wires[out].lossy |= self.wires[out].source.is_some();
        self.trace(|| format!("{id:?} closes, after writing: {after_writing}"));
        self.reactor.close(id, after_writing);
        if !after_writing && is_first {
            self.check_parting(index);
        }
    }

    /// Has another not be read from while this one is full. Of the one whose peer is outside that
    /// is not for ever: they read all in the end.
    fn pause_when_full(&mut self, source: usize) {
        let live: Vec<usize> = self.by_id.values().copied().collect();
        let Some(target) = self.random.pick(&live).filter(|target| *target != source) else {
            return;
        };
        let is_child = self.conns[target].child.is_some();
        if self.peer_of(target).is_some() || !self.conns[target].is_open() || is_child {
            return;
        }
        let [id, other] = [target, source].map(|index| self.conns[index].id);
        self.trace(|| format!("{other:?} is not read while {id:?} is full"));
        self.conns[target].limited = true;
        self.conns[source].follows.push(target);
        self.reactor
            .pause_when_full(id, other)
            .expect("connections");
    }

    fn close_write(&mut self, index: usize) {
        let conn = &self.conns[index];
        let (id, out) = (conn.id, conn.out);
        if self.wires[out].source.is_some() {
            return;
        }
        let done = self.reactor.close_write(id).expect("a connection");
        self.trace(|| format!("{id:?} sends no more: {done}"));
        self.conns[index].write_closed |= done;
    }

    fn detach(&mut self, index: usize) {
        let conn = &self.conns[index];
        let id = conn.id;
        if !conn.is_open() {
            return;
        }
        self.trace(|| format!("{id:?} is detached"));
        let out = conn.out;
        self.wires[out].lossy |= self.wires[out].source.is_some();
        let fd = self.reactor.detach(id).expect("a descriptor");
        assert_eq!(fd, self.conns[index].fd, "the descriptor of {id:?}");
        self.conns[index].detached = true;
        self.check_parting(index);
    }

    fn set_timeout(&mut self, index: usize) {
        let timeout = match self.random.chance(300) {
            true => Duration::ZERO,
            false => Duration::from_micros(self.random.size(LONGEST) as u64),
        };
        self.time_out_after(index, timeout);
    }

    pub(super) fn time_out_after(&mut self, index: usize, timeout: Duration) {
        let (clock, turn) = (self.clock(), self.turn);
        let conn = &mut self.conns[index];
        let id = conn.id;
        if conn.connected {
            (conn.timeout, conn.timeout_set_in) = (timeout, turn);
            self.trace(|| format!("{id:?} times out after {timeout:?}"));
            self.reactor
                .set_inactivity_timeout(id, timeout)
                .expect("a connection");
        } else {
            (conn.connect_timeout, conn.active_at) = (timeout, clock);
            self.trace(|| format!("{id:?} has {timeout:?} to connect"));
            self.reactor
                .set_connect_timeout(id, timeout)
                .expect("a connection");
        }
    }

    fn proxy(&mut self, source: usize) {
        let id = self.conns[source].id;
        if self.conns[source].proxy.is_some() {
            self.trace(|| format!("{id:?} passes on no more"));
            self.reactor.stop_proxy(id).expect("a connection");
            return self.end_proxy(source);
        }
        let live: Vec<usize> = self.by_id.values().copied().collect();
        let Some(target) = self.random.pick(&live) else {
            return;
        };
        let [from, to] = [source, target].map(|index| &self.conns[index]);
        let is_free = self.wires[to.out].source.is_none() && !to.write_closed && !to.input_end_told;
        let is_free = is_free && [from, to].iter().all(|one| one.secure == one.established);
        let may_pass = from.is_open() && to.is_open() && !from.input_end_told;
        let is_free = is_free && !self.is_shut(target) && !self.passes(source);
        let is_free = is_free && from.child.is_none() && to.child.is_none();
        if source != target && is_free && may_pass && !self.leads_to(target, source) {
            let length = match self.random.chance(500) {
                true => 0,
                false => self.random.size(200_000) as u64,
            };
            self.begin_proxy(source, target, length);
        }
    }

    /// Whether what one sends comes back to another, over links both of whose ends are ours.
    fn leads_to(&self, sender: usize, to: usize) -> bool {
        let mut at = sender;
        while let Some(peer) = self.peer_of(at) {
            if peer == to {
                return true;
            }
            match self.conns[peer].proxy {
                Some(next) if next != sender => at = next,
                Some(_) => return true,
                None => return false,
            }
        }
        false
    }

    /// The other end of a connection's link, where that is ours.
    pub(super) fn peer_of(&self, index: usize) -> Option<usize> {
        let (link, side) = self.conns[index].link?;
        let is_peer = |other: &&usize| self.conns[**other].link == Some((link, 1 - side));
        self.by_id.values().find(is_peer).copied()
    }
}
