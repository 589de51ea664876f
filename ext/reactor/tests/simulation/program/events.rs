//! What the loop tells, and whether that can be.

use std::time::Duration;

use em_reactor::{Event, Id, Interest, Reason};

use super::Program;
use super::conn::Closing;
use crate::kernel::{self, State};

/// The most that one listener takes in a turn.
const ACCEPTS: usize = 10;

/// Errors of calls that make and register descriptors.
const SHORTAGES: [i32; 5] = [
    libc::EMFILE,
    libc::ENFILE,
    libc::ENOBUFS,
    libc::ENOMEM,
    libc::ENOSPC,
];

impl Program {
    /// Takes an event; the connection that it is of.
    pub(super) fn take(&mut self, event: Event, clock: Duration) -> Option<usize> {
        match event {
            Event::TimerFired(id) => {
                self.timers.fired(id, clock, self.turn);
                None
            }
            Event::Accepted { listener, id } => Some(self.accepted(listener, id)),
            Event::Connected(id) => {
                let index = self.expect_conn(id);
                assert!(!self.conns[index].connected, "{id:?} connects twice");
                self.note_link(index);
                self.conns[index].active_at = clock;
                Some(index)
            }
            Event::TlsEstablished(id) => Some(self.established(id)),
            Event::Data { id, len } if self.datagram_came(id, len) => None,
            Event::Data { id, len } => Some(self.came(id, len, clock)),
            Event::DescriptorsOffered(id) => Some(self.descriptors_offered(id)),
            Event::DescriptorReceived(id) => Some(self.descriptor_came(id, clock)),
            Event::DatagramLost { id, errno } => {
                self.datagram_lost(id, errno);
                None
            }
            Event::InputEnded(id) => Some(self.input_ended(id)),
            Event::OutboundFull(id) => Some(self.crossed(id, true)),
            Event::OutboundDrained(id) => Some(self.crossed(id, false)),
            Event::ProxyCompleted(id) => {
                let index = self.expect_conn(id);
                let to_pass = self.conns[index].to_pass;
                self.end_proxy(index);
                assert_eq!(
                    self.conns[index].passed, to_pass,
                    "{id:?} passes on too little"
                );
                Some(index)
            }
            Event::ProxyTargetUnbound(id) => {
                let index = self.expect_conn(id);
                self.end_proxy(index);
                Some(index)
            }
            Event::Readable(id) => {
                self.watch_told(id, Interest::READABLE);
                None
            }
            Event::Writable(id) => {
                self.watch_told(id, Interest::WRITABLE);
                None
            }
            Event::Urgent(id) => {
                self.watch_told(id, Interest::PRIORITY);
                None
            }
            Event::FileChanged { id, change } => {
                self.file_changed(id, change);
                None
            }
            Event::ProcessExited(id) => {
                self.process_exited(id);
                None
            }
            Event::Unbound { id, reason } => {
                self.unbound(id, reason, clock);
                None
            }
            event => panic!("{event:?} is not expected"),
        }
    }

    pub(super) fn expect_conn(&self, id: Id) -> usize {
        match self.by_id.get(&id) {
            Some(&index) => index,
            None => panic!("an event of {id:?}, which is no connection"),
        }
    }

    fn accepted(&mut self, listener: Id, id: Id) -> usize {
        let index = self.add_conn(id);
        self.conns[index].listener = Some(listener);
        self.note_link(index);
        let turn = self.turn;
        let open = self.open_of(listener);
        let server = self.servers.get_mut(&listener).expect("a server");
        assert!(
            !server.paused || server.stopped,
            "{listener:?} takes one while it is paused"
        );
        assert!(
            server.limit.is_none_or(|limit| open <= limit),
            "{listener:?} takes too many"
        );
        server.taken = match server.taken {
            (count, then) if then == turn => (count + 1, turn),
            _ => (1, turn),
        };
        assert!(
            server.taken.0 <= ACCEPTS,
            "{listener:?} takes too many in a turn"
        );
        if server.secure {
            self.secure(index, true);
        }
        index
    }

    fn open_of(&self, listener: Id) -> usize {
        let conns = self.by_id.values().map(|index| &self.conns[*index]);
        conns.filter(|conn| conn.listener == Some(listener)).count()
    }

    /// Whether a connection is read from. One that the system takes no more from gets what there
    /// is, though its owner has stopped that.
    pub(super) fn may_read(&self, index: usize) -> bool {
        let conn = &self.conns[index];
        let is_refused = || self.reactor.is_refused(conn.id).unwrap_or(false);
        !conn.paused && (!conn.stopped || is_refused())
    }

    fn came(&mut self, id: Id, len: usize, clock: Duration) -> usize {
        let index = self.expect_conn(id);
        let may_come = self.may_read(index);
        let conn = &mut self.conns[index];
        assert!(conn.connected, "{id:?} has data before it is connected");
        assert!(!conn.is_let_go(), "{id:?} has data after it was closed");
        assert!(may_come, "{id:?} has data while it is paused");
        assert!(
            conn.proxy.is_none(),
            "{id:?} has data while it passes it on"
        );
        assert!(
            len > 0 && len <= self.buffer.len(),
            "{id:?} has {len} bytes"
        );
        if !conn.secure {
            // What is told under TLS may have been read before.
            conn.active_at = clock;
        }
        conn.told = match conn.told {
            (count, turn) if turn == self.turn => (count + 1, turn),
            _ => (1, self.turn),
        };
        let (link, side) = conn.link.expect("a link");
        assert!(
            !conn.secure || conn.established,
            "{id:?} has data before its handshake is done"
        );
        let is_ending = conn.secure
            || conn.closing != Closing::No
            || conn.write_closed
            || !conn.timeout.is_zero()
            || conn.timeout_set_in == self.turn;
        let has_failed = kernel::with(|k| !k.links[link].ends[side].told.is_empty());
        let told = conn.told.0;
        assert!(
            told == 1 || is_ending || has_failed,
            "{id:?} has more than its share"
        );
        assert!(
            is_ending || !self.waits_for_full(index),
            "{id:?} has data while another is full"
        );
        let takes = self.conns[index].takes;
        let wire = self.wire_of(link, 1 - side);
        assert!(
            !takes || self.wires[wire].may_precede(len),
            "{id:?} has data before a descriptor"
        );
        let data = std::mem::take(&mut self.buffer);
        self.receive(wire, &data[..len], &format!("{id:?}"));
        self.buffer = data;
        if !takes {
            self.wires[wire].forget_passed();
        }
        index
    }

    /// Whether another is full that it is not read from then. One that has failed or timed out is
    /// none, though its end may be told later.
    fn waits_for_full(&self, index: usize) -> bool {
        let is_full = |target: &&usize| {
            let target = &self.conns[**target];
            let may_end = target.secure || !target.timeout.is_zero();
            target.full && target.is_open() && !may_end && target.link.is_some_and(is_sound)
        };
        self.conns[index]
            .follows
            .iter()
            .any(|target| is_full(&target))
    }

    fn input_ended(&mut self, id: Id) -> usize {
        let index = self.expect_conn(id);
        let conn = &mut self.conns[index];
        assert!(
            self.tells_input_ends,
            "{id:?} tells the end of its input unasked"
        );
        assert!(
            !conn.input_end_told,
            "{id:?} tells the end of its input twice"
        );
        assert!(
            !conn.is_let_go(),
            "{id:?} tells the end of its input after it was closed"
        );
        conn.input_end_told = true;
        conn.sends_on = self.random.chance(500);
        let sends_on = conn.sends_on;
        let (link, side) = conn.link.expect("a link");
        kernel::with(|kernel| {
            let end = &kernel.links[link].ends[side];
            let has_ended = end.fin || end.state == State::Dead;
            assert!(
                has_ended && end.received.len() == 0,
                "{id:?} has more to come"
            );
        });
        self.trace(|| format!("{id:?} sends on: {sends_on}"));
        self.reactor.input_end_told(id, sends_on);
        index
    }

    fn crossed(&mut self, id: Id, full: bool) -> usize {
        let index = self.expect_conn(id);
        let conn = &mut self.conns[index];
        assert!(
            conn.limited && conn.full != full,
            "{id:?} crosses a limit twice"
        );
        conn.full = full;
        index
    }

    fn unbound(&mut self, id: Id, reason: Option<Reason>, clock: Duration) {
        // Another queue may not watch it.
        let is_lacking = matches!(reason, Some(Reason::Errno(error)) if SHORTAGES.contains(&error));
        if self.datagrams_unbound(id, is_lacking) {
            return;
        }
        if self.file_watch_ended(id) {
            return;
        }
        if self.watch_ended(id, reason.as_ref()) || self.process_watch_ended(id, reason.as_ref()) {
            return;
        }
        if let Some(server) = self.servers.remove(&id) {
            assert!(
                server.stopped || is_lacking,
                "{id:?} stops by itself: {reason:?}"
            );
            self.reactor.release(id);
            self.check_file_gone(&server);
            return;
        }
        let index = self.expect_conn(id);
        self.check_last_words(index, reason.as_ref());
        self.check_sealed(index, reason.as_ref());
        self.end_proxies_to(index);
        self.end_proxy(index);
        self.check_reason(index, reason.as_ref(), clock);
        self.check_promise(index, reason.as_ref(), clock);
        self.check_child(index);
        self.conns[index].ended = true;
        self.conns[index].failed = reason.is_some();
        self.by_id.remove(&id);
        let is_others = self.reactor.release(id);
        assert!(
            !self.reactor.contains(id),
            "{id:?} is there after its release"
        );
        let conn = &self.conns[index];
        let fd = conn.fd;
        let is_left = conn.attached && !conn.detached;
        assert_eq!(is_others, is_left, "whose {id:?} is");
        let is_kept = is_left || conn.detached;
        let is_watched = kernel::with(|kernel| kernel.is_watched(fd));
        assert!(
            !is_kept || !is_watched,
            "{id:?} is watched after its release"
        );
        if is_kept {
            self.close_descriptor(fd);
        }
    }

    /// Whether a connection may end for that reason.
    fn check_reason(&self, index: usize, reason: Option<&Reason>, clock: Duration) {
        let conn = &self.conns[index];
        let id = conn.id;
        let asked_for = conn.closing != Closing::No || conn.detached;
        let told = conn
            .link
            .map(|(link, side)| kernel::with(|kernel| kernel.links[link].ends[side].told.clone()));
        // Its end may have been certain before, or be that of the time for the handshake.
        let is_new = conn.timeout_set_in == self.turn || conn.secure && !conn.established;
        match reason {
            // That of one that waits for its child may be long ago.
            Some(Reason::Errno(libc::ETIMEDOUT)) if is_new || conn.child.is_some() => {}
            Some(Reason::Errno(libc::ETIMEDOUT)) if conn.connected && !conn.timeout.is_zero() => {
                let due = conn.active_at + conn.timeout;
                assert!(
                    clock >= due,
                    "{id:?} times out at {clock:?}, due at {due:?}"
                );
            }
            Some(Reason::Tls(_)) if conn.secure => self.check_failure(index),
            Some(Reason::Errno(error)) if conn.connected => {
                let is_known =
                    told.unwrap_or_default().contains(error) || SHORTAGES.contains(error);
                assert!(
                    is_known,
                    "{id:?} ends with {error}, which the system did not give"
                );
            }
            Some(Reason::Errno(error)) => {
                let was_joined = conn.by_path && kernel::with(|kernel| kernel.was_joined(conn.fd));
                assert!(
                    !was_joined || *error != libc::ETIMEDOUT,
                    "{id:?} times out though it is connected"
                );
                let may_lack = kernel::with(|kernel| kernel.may_have_lacked);
                let may_lack = may_lack || self.cut_early || *error == libc::ETIMEDOUT;
                let is_excused = asked_for || may_lack;
                assert!(
                    !conn.is_answered || is_excused,
                    "{id:?} ends with {error} unconnected"
                );
            }
            Some(other) => panic!("{id:?} ends with {other:?}"),
            None if asked_for || conn.secure => {}
            None => {
                let (link, side) = conn
                    .link
                    .unwrap_or_else(|| panic!("{id:?} ends for no reason"));
                kernel::with(|kernel| {
                    let end = &kernel.links[link].ends[side];
                    let is_child = conn.child.is_some();
                    let has_ended = end.end_told || is_child && !end.told.is_empty();
                    assert!(has_ended, "{id:?} ends before its peer does");
                });
            }
        }
    }
}

/// Whether nothing of an end tells that it is at its end.
fn is_sound((link, side): (usize, usize)) -> bool {
    kernel::with(|kernel| {
        let end = &kernel.links[link].ends[side];
        let is_open = !end.end_told && end.state == State::Connected;
        is_open && end.told.is_empty() && kernel.faults.unwatched == 0
    })
}
