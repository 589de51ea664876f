//! What must hold at the end of a connection, and when nothing happens any more.

use std::time::Duration;

use em_reactor::Reason;

use super::Program;
use super::conn::Closing;
use crate::kernel::{self, Kernel, State};

/// The most that is written to one connection at once.
const SHARE: u64 = 256 * 1024;

/// How long the loop waits for a peer that does not take what was written.
const DELIVERY: Duration = Duration::from_secs(5);

/// Turns without an event after which nothing more is expected.
const QUIET: usize = 6;

/// Turns after which something must have come to rest.
const PATIENCE: usize = 3_000;

impl Program {
    pub(super) fn check_misuse(&self) {
        let misuse = kernel::with(|kernel| kernel.misuse.first().cloned());
        assert_eq!(misuse, None);
    }

    /// What has arrived is told before a connection ends, unless its owner did not want it.
    pub(super) fn check_last_words(&self, index: usize, reason: Option<&Reason>) {
        let conn = &self.conns[index];
        let Some((link, side)) = conn.link else {
            return;
        };
        // One that waits for its child may have been ended before.
        if conn.secure || conn.child.is_some() && reason.is_some() {
            return;
        }
        let is_proxy = conn.proxy.is_some() || conn.unlinked_in == self.turn;
        let is_held = conn.paused || conn.stopped || !conn.follows.is_empty();
        let is_paused = is_held || conn.resumed_in == self.turn;
        if conn.is_let_go() || conn.closed_early || is_paused || is_proxy {
            return;
        }
        kernel::with(|kernel| {
            let end = &kernel.links[link].ends[side];
            let refused = end
                .told
                .iter()
                .any(|e| [libc::ENOBUFS, libc::ENOMEM].contains(e));
            let arrives_later = end.arrives_later || kernel.is_untold(link, side);
            if arrives_later || refused || is_shortage(reason) {
                return;
            }
            let left = end.received.len();
            assert_eq!(left, 0, "{:?} ends with input unread: {reason:?}", conn.id);
        });
    }

    /// What was sent is written before a connection ends, and the peer has it.
    pub(super) fn check_promise(&self, index: usize, reason: Option<&Reason>, clock: Duration) {
        let conn = &self.conns[index];
        let Some((link, side)) = conn.link else {
            return;
        };
        let wire = &self.wires[conn.out];
        if conn.is_let_go() || conn.secure || reason.is_some() || wire.lossy {
            return;
        }
        kernel::with(|kernel| {
            let end = &kernel.links[link].ends[side];
            if !end.told.is_empty() || end.state != State::Connected {
                return;
            }
            let id = conn.id;
            assert_eq!(
                end.accepted, wire.offered,
                "{id:?} ends before all is written"
            );
            let has_waited = clock.saturating_sub(conn.closed_at) >= DELIVERY;
            let is_ours = conn.closing == Closing::AfterWriting && !conn.attached && !end.fin;
            let is_delivered = end.sent.len() == 0 || has_waited || !is_ours;
            assert!(is_delivered, "{id:?} ends before its peer has all");
        });
    }

    /// What was sent before a close is written as far as the system takes it at once.
    pub(super) fn check_parting(&self, index: usize) {
        let conn = &self.conns[index];
        let Some((link, side)) = conn.link else {
            return;
        };
        let wire = &self.wires[conn.out];
        kernel::with(|kernel| {
            let end = &kernel.links[link].ends[side];
            let has_failed = !end.told.is_empty() || end.state != State::Connected;
            let has_failed = has_failed || conn.child.is_some() && end.shut;
            // One that has timed out, or cannot be watched any more, has ended already.
            let has_failed = has_failed || !conn.timeout.is_zero() || kernel.faults.unwatched > 0;
            let is_full = end.no_space || conn.paused || has_failed || wire.lossy || conn.secure;
            let all = end.accepted >= wire.offered || is_full;
            assert!(
                all,
                "{:?} is closed before what was sent is written",
                conn.id
            );
        });
    }

    /// Nobody has had more than a share.
    pub(super) fn check_shares(&mut self) {
        for index in self.by_id.values() {
            let conn = &mut self.conns[*index];
            let Some((link, side)) = conn.link else {
                continue;
            };
            let accepted = kernel::with(|kernel| kernel.links[link].ends[side].accepted);
            let written = accepted - conn.accepted;
            // What is passed on is written besides, without a copy or before it is queued.
            let is_target = self.wires[conn.out].source.is_some() || self.wires[conn.out].lossy;
            let is_target = is_target || conn.secure;
            // One when it is ready, one when it is flushed, and one for each send.
            let most = SHARE * (2 + conn.sends);
            assert!(
                written <= most || is_target,
                "{:?} writes {written} in a turn",
                conn.id
            );
            (conn.accepted, conn.sends) = (accepted, 0);
        }
    }

    /// No more faults: turns are taken until nothing happens any more, and then all must be done.
    pub(super) fn calm_down(&mut self) {
        self.trace(|| "calms down".into());
        let (faults, limit) = kernel::with(|kernel| {
            let limit = std::mem::replace(&mut kernel.descriptor_limit, usize::MAX);
            (std::mem::take(&mut kernel.faults), limit)
        });
        let eager = std::mem::take(&mut self.eager);
        self.is_calm = true;
        self.resume_all();
        self.end_mute_children();
        let (mut quiet, mut turns) = (0, 0);
        while quiet < QUIET {
            turns += 1;
            assert!(turns < PATIENCE, "the loop does not come to rest");
            let steps = self.steps;
            kernel::with(Kernel::settle);
            let has_read = self.read_all_outside();
            let now = self.now();
            let timeout = self.reactor.poll_timeout(now);
            let is_idle = timeout.is_none_or(|until| until > Duration::from_secs(6));
            self.take_turn(Some(Duration::from_secs(6)));
            let rests = is_idle
                && !has_read
                && self.steps == steps
                && !kernel::with(|k| k.is_anything_pending());
            quiet = if rests { quiet + 1 } else { 0 };
            self.check_misuse();
        }
        self.check_at_rest();
        self.is_calm = false;
        self.eager = eager;
        kernel::with(|kernel| {
            kernel.faults = faults;
            kernel.descriptor_limit = limit;
        });
    }

    fn check_at_rest(&mut self) {
        self.check_datagrams_at_rest();
        self.check_own_at_rest();
        self.check_waits_at_rest();
        self.check_processes_at_rest();
        self.check_files_at_rest();
        self.check_places();
        for index in self.by_id.values().copied().collect::<Vec<_>>() {
            self.check_conn_at_rest(index);
        }
        for (id, server) in &self.servers {
            assert!(!server.stopped, "{id:?} does not stop");
            let open = self.by_id.values().map(|index| &self.conns[*index]);
            let open = open.filter(|conn| conn.listener == Some(*id)).count();
            let waiting = kernel::with(|kernel| kernel.backlog(server.fd));
            let may_wait = server.paused || server.limit.is_some_and(|limit| open >= limit);
            assert!(waiting == 0 || may_wait, "{id:?} leaves {waiting} waiting");
        }
        assert_eq!(self.reactor.timer_count(), self.timers.len(), "timers");
        let connections = self.by_id.len() + self.servers.len() + self.count_datagrams();
        let watches = self.count_watches() + self.count_process_watches();
        assert_eq!(self.reactor.count(), connections + watches, "descriptors");
    }

    fn check_conn_at_rest(&mut self, index: usize) {
        let conn = &self.conns[index];
        let id = conn.id;
        let peer = self.peer_of(index);
        if conn.secure && !conn.established && peer.is_none() {
            // Its peer is yet to be accepted.
            return;
        }
        assert!(conn.connected, "{id:?} is neither connected nor ended");
        assert_eq!(conn.closing, Closing::No, "{id:?} does not end");
        assert!(
            !conn.detached,
            "{id:?} does not end, though it was detached"
        );
        assert_eq!(
            conn.secure, conn.established,
            "{id:?} does not end its handshake"
        );
        let (link, side) = conn.link.expect("a link");
        let has_ended = kernel::with(|kernel| kernel.links[link].ends[side].fin);
        if has_ended && self.waits_for_child(index) {
            return;
        }
        let wire = &self.wires[conn.out];
        let waits = self.reactor.outbound_len(id).expect("a length");
        assert_eq!(waits, 0, "{id:?} does not write");
        let passes_end_on = conn.proxy.is_some();
        let stays = conn.sends_on && !conn.write_closed || passes_end_on;
        let peer_passes_on = peer.is_some_and(|peer| self.conns[peer].proxy.is_some());
        let is_passing = wire.source.is_some() || wire.lossy;
        kernel::with(|kernel| {
            let end = &kernel.links[link].ends[side];
            assert_eq!(end.received.len(), 0, "{id:?} does not read");
            assert!(
                end.state == State::Connected,
                "{id:?} does not end with its link"
            );
            assert!(!end.fin || stays, "{id:?} does not end with its peer");
            let arrived = match conn.secure {
                true if peer_passes_on => wire.offered,
                true => wire.received,
                false => end.accepted,
            };
            let lost = wire.offered.saturating_sub(arrived);
            assert!(
                is_passing || lost == 0,
                "{id:?} has lost {lost} bytes that were sent"
            );
        });
        assert!(
            !conn.full,
            "{id:?} was told to be full, and not that it is not"
        );
        self.check_passed_at_rest(index);
    }

    /// The loop ends, and with it all that there is.
    pub(super) fn close_at_once(&mut self) {
        self.trace(|| "closes all at once".into());
        let open: Vec<usize> = self.by_id.values().copied().collect();
        self.servers
            .values_mut()
            .for_each(|server| server.stopped = true);
        self.note_end_of_datagrams();
        self.note_end_of_watches();
        self.note_end_of_process_watches();
        self.note_end_of_file_watches();
        self.end_waits();
        self.eager = 0;
        let left = self.reactor.close_all();
        self.note_left(&left);
        for index in open {
            if self.conns[index].is_open() {
                self.check_parting(index);
            }
            self.conns[index].closing = Closing::Now;
            let out = self.conns[index].out;
            self.wires[out].lossy = true;
        }
        self.take_turn(Some(Duration::ZERO));
        assert!(
            self.reactor.is_empty(),
            "descriptors that do not end at once"
        );
        self.close_own_sockets();
        self.wait_for_left();
    }

    /// All ends, and nothing is left.
    pub(super) fn end_all(&mut self) {
        self.trace(|| "ends all".into());
        for id in self.by_id.keys().copied().collect::<Vec<_>>() {
            let now = self.random.chance(500);
            self.close(self.by_id[&id], !now);
        }
        for id in self.servers.keys().copied().collect::<Vec<_>>() {
            self.stop_server(id);
        }
        self.close_all_datagrams();
        self.close_all_own();
        self.end_process_watches();
        self.end_file_watches();
        self.end_waits();
        while let Some(id) = self.timers.any(0) {
            self.cancel_timer(id);
        }
        self.calm_down();
        // What was accepted in the end.
        while !self.by_id.is_empty() {
            for index in self.by_id.values().copied().collect::<Vec<_>>() {
                self.close(index, false);
            }
            self.calm_down();
        }
        self.close_own_sockets();
        self.close_all_outside();
        self.wait_for_left();
        self.check_waits_at_end();
        self.check_files_at_end();
        assert!(self.reactor.is_empty(), "descriptors that are left");
        assert_eq!(
            self.reactor.closing_count(),
            0,
            "descriptors that are about to close"
        );
        assert_eq!(self.reactor.timer_count(), 0, "timers that are left");
        let now = self.now();
        assert_eq!(
            self.reactor.poll_timeout(now),
            None,
            "deadlines that are left"
        );
        kernel::with(|kernel| {
            let watched = kernel.watched_files();
            let inotify = kernel.inotify_count();
            assert_eq!(
                watched.len(),
                1 + inotify,
                "registrations that are left: {watched:?}"
            );
            let hidden = kernel.hidden_files();
            assert!(hidden.is_empty(), "open files that are left: {hidden:?}");
            let open = kernel.open_count() - inotify;
            assert!(open == 3 || open == 5, "{open} descriptors are left");
        });
    }
}

fn is_shortage(reason: Option<&Reason>) -> bool {
    matches!(
        reason,
        Some(Reason::Errno(
            libc::ENOMEM | libc::ENOSPC | libc::ENOBUFS | libc::EMFILE
        ))
    )
}
