//! Descriptors that are passed over Unix-domain sockets.

use std::time::Duration;

use em_reactor::Id;

use super::Program;
use crate::kernel;

/// The most that come with one message.
const MOST: usize = 3;

/// The longest timeout of one that gets nothing but descriptors, in microseconds.
const MOST_IDLE: usize = 20_000_000;

impl Program {
    /// Whether descriptors are passed over the link of a connection.
    pub(super) fn passes(&self, index: usize) -> bool {
        let link = self.conns[index].link;
        link.is_some_and(|(link, _)| kernel::with(|kernel| kernel.links[link].passes))
    }

    /// Whether the other end of a link is to get nothing but descriptors.
    pub(super) fn only_passes(&self, link: usize, side: usize) -> bool {
        let mut conns = self.by_id.values().map(|index| &self.conns[*index]);
        conns.any(|conn| conn.only_passes && conn.link == Some((link, 1 - side)))
    }

    fn is_local(&self, index: usize) -> bool {
        let link = self.conns[index].link;
        link.is_some_and(|(link, _)| kernel::with(|kernel| kernel.links[link].is_local))
    }

    /// Sends a descriptor, which is closed at once.
    pub(super) fn pass_descriptor(&mut self, index: usize) {
        let conn = &self.conns[index];
        let (id, out, is_child) = (conn.id, conn.out, conn.child.is_some());
        let is_local = self.is_local(index);
        let may_pass = conn.link.is_some() && (!is_local || is_child || self.passes(index));
        if !may_pass || self.wires[out].source.is_some() {
            return;
        }
        let Ok(fd) = kernel::with(|kernel| kernel.descriptor_to_pass()) else {
            return;
        };
        let serial = kernel::with(|kernel| kernel.serial_of(fd)).expect("an open file");
        let sent = self.reactor.send_descriptor(id, fd);
        self.trace(|| format!("{id:?} passes {serial}: {sent:?}"));
        self.close_descriptor(fd);
        let taken = sent.unwrap_or(0);
        assert!(
            taken == 0 || is_local && !is_child,
            "{id:?} passes {serial}"
        );
        self.check_taken(index, 1, taken);
        if taken > 0 {
            self.wires[out].offer_carrier([serial]);
        }
    }

    /// Somebody outside sends descriptors, with a byte that carries them or with others.
    pub(super) fn pass_outside(&mut self, link: usize, side: usize) {
        let wire = self.wire_of(link, side);
        let count = self.random.between(1, MOST);
        let is_carried = self.random.chance(500) || self.only_passes(link, side);
        let length = self.random.between(2, 3_000);
        let data = match is_carried {
            true => &[0],
            false => self.wires[wire].next(length),
        };
        let (taken, serials) = kernel::with(|kernel| {
            let files: Vec<usize> = (0..count).map(|_| kernel.file_to_pass()).collect();
            let serials: Vec<u64> = files
                .iter()
                .map(|file| kernel.serial_of_file(*file))
                .collect();
            // A part of it that is one byte might be taken for a carrier.
            let has_room = kernel.links[link].ends[side].room() >= data.len();
            let data = if has_room { data } else { &[] };
            (kernel.put(link, side, data, files), serials)
        });
        self.trace(|| format!("link {link}: {side} passes {serials:?} with {taken}"));
        match (taken, is_carried) {
            (0, _) => {}
            (_, true) => self.wires[wire].offer_carrier(serials),
            (_, false) => self.wires[wire].offer_with(taken, serials),
        }
    }

    /// Its owner is asked whether it takes descriptors.
    pub(super) fn descriptors_offered(&mut self, id: Id) -> usize {
        let index = self.expect_conn(id);
        assert!(self.is_local(index), "{id:?} has no descriptors to come");
        let takes = self.random.chance(700);
        let conn = &mut self.conns[index];
        assert!(!conn.was_asked, "{id:?} asks twice");
        assert!(!conn.is_let_go(), "{id:?} asks after it was closed");
        (conn.was_asked, conn.takes) = (true, takes);
        self.trace(|| format!("{id:?} takes descriptors: {takes}"));
        if takes {
            self.reactor.take_descriptors(id);
            if self.random.chance(200) {
                let timeout = Duration::from_micros(self.random.size(MOST_IDLE) as u64);
                self.time_out_after(index, timeout);
                self.conns[index].only_passes = true;
            }
        }
        index
    }

    pub(super) fn descriptor_came(&mut self, id: Id, clock: Duration) -> usize {
        let index = self.expect_conn(id);
        let wire = self.input_of(index).expect("a wire");
        let may_come = self.may_read(index);
        let conn = &mut self.conns[index];
        assert!(conn.takes && !conn.is_let_go(), "{id:?} gets a descriptor");
        assert!(may_come, "{id:?} gets a descriptor while it is paused");
        conn.active_at = clock;
        let serial = match self.wires[wire].land() {
            Ok(serial) => serial,
            Err(problem) => panic!("{id:?} gets {problem}"),
        };
        if self.random.chance(900) {
            let fd = self.reactor.received_descriptor(id).expect("a descriptor");
            let found = kernel::with(|kernel| kernel.serial_of(fd)).expect("an open file");
            assert_eq!(found, serial, "{id:?} gets another descriptor");
            assert_eq!(self.reactor.received_descriptor(id), None, "it comes twice");
            self.close_descriptor(fd);
        }
        index
    }

    /// What was passed has arrived.
    pub(super) fn check_passed_at_rest(&mut self, index: usize) {
        let id = self.conns[index].id;
        let wire = self.input_of(index).expect("a wire");
        let left = self.wires[wire].flying();
        assert_eq!(left, 0, "{id:?} lacks descriptors");
    }
}
