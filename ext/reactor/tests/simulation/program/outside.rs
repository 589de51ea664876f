//! What peers do that are not the program's.

use super::Program;
use super::wire::MOST;
use crate::kernel::{self, State};

impl Program {
    /// Somebody outside does something.
    pub(super) fn act_outside(&mut self) {
        self.meet_arrived();
        match self.random.below(100) {
            0..=9 => self.connect_outside(),
            _ => {
                let Some((link, side)) = self.random.pick(&self.outside) else {
                    return self.connect_outside();
                };
                match self.random.below(1000) {
                    0..=449 if self.only_passes(link, side) => self.pass_outside(link, side),
                    0..=49 if self.passes_by(link) => self.pass_outside(link, side),
                    0..=449 => self.write_outside(link, side),
                    450..=919 => self.read_outside(link, side, 0),
                    920..=949 => self.shut_outside(link, side),
                    950..=979 => self.close_outside(link, side),
                    _ => self.reset_outside(link, side),
                }
            }
        }
    }

    /// Servers outside see who has connected to them.
    fn meet_arrived(&mut self) {
        for link in kernel::with(|kernel| std::mem::take(&mut kernel.arrived)) {
            self.outside.push((link, 1));
        }
    }

    fn passes_by(&self, link: usize) -> bool {
        kernel::with(|kernel| kernel.links[link].passes)
    }

    fn connect_outside(&mut self) {
        let mut ports = self.ports(false);
        ports.extend(self.local_ports());
        let Some(port) = self.random.pick(&ports) else {
            return;
        };
        if let Some(link) = kernel::with(|kernel| kernel.connect_from_outside(port)) {
            self.trace(|| format!("link {link} to port {port}"));
            self.outside.push((link, 0));
        }
    }

    pub(super) fn write_outside(&mut self, link: usize, side: usize) {
        let wire = self.wire_of(link, side);
        let length = self.random.size(MOST);
        let data = self.wires[wire].next(length);
        let taken = kernel::with(|kernel| kernel.put(link, side, data, Vec::new()));
        self.trace(|| format!("link {link}: {side} writes {taken}"));
        self.wires[wire].offer(taken);
        if self.random.chance(30) {
            self.urge_outside(link, side);
        }
    }

    /// Sends an urgent byte, if the last one was passed by: a second would have the first be one as
    /// all others.
    fn urge_outside(&mut self, link: usize, side: usize) {
        let is_sent = kernel::with(|kernel| {
            let is_local = kernel.links[link].is_local;
            let ends = &mut kernel.links[link].ends;
            let is_free = ends[side].urgent_sent.is_none() && ends[1 - side].urgent.is_none();
            let end = &mut ends[side];
            let may_send = is_free && end.state == State::Connected && !end.shut;
            let may_send = may_send && !is_local;
            if may_send {
                end.urgent_sent = Some(end.sent.len());
            }
            may_send
        });
        self.trace(|| format!("link {link}: {side} sends an urgent byte: {is_sent}"));
    }

    /// Reads some of what has arrived, or at least so much.
    pub(super) fn read_outside(&mut self, link: usize, side: usize, least: usize) {
        let most = self.random.size(200_000).max(least);
        let (data, passed) = kernel::with(|kernel| {
            let end = &mut kernel.links[link].ends[side];
            let data = end.received.peek(most).to_vec();
            let files = kernel.take(link, side, data.len());
            let serials = files.iter().map(|file| kernel.serial_of_file(*file));
            let serials: Vec<u64> = serials.collect();
            kernel.drop_files(&files);
            (data, serials)
        });
        if !data.is_empty() {
            self.trace(|| format!("link {link}: {side} reads {}", data.len()));
            let wire = self.wire_of(link, 1 - side);
            self.receive(wire, &data, &format!("link {link}"));
            let expected = self.wires[wire].forget_passed();
            assert_eq!(passed, expected, "descriptors by link {link}");
        }
    }

    fn shut_outside(&mut self, link: usize, side: usize) {
        self.trace(|| format!("link {link}: {side} sends no more"));
        kernel::with(|kernel| {
            let end = &mut kernel.links[link].ends[side];
            end.shut |= end.state == State::Connected;
        });
    }

    fn close_outside(&mut self, link: usize, side: usize) {
        self.trace(|| format!("link {link}: {side} closes"));
        self.note_cut(link, side);
        self.outside.retain(|other| *other != (link, side));
        kernel::with(|kernel| kernel.close_end(link, side));
    }

    fn reset_outside(&mut self, link: usize, side: usize) {
        let may_reset = kernel::with(|kernel| {
            let link = &kernel.links[link];
            link.ends[side].state == State::Connected && !link.is_local
        });
        if !may_reset {
            return self.close_outside(link, side);
        }
        self.trace(|| format!("link {link}: {side} resets"));
        self.note_cut(link, side);
        self.outside.retain(|other| *other != (link, side));
        kernel::with(|kernel| kernel.reset(link, side));
    }

    /// One that goes away may do so before its peer was told of it.
    fn note_cut(&mut self, link: usize, side: usize) {
        let wires = self.by_link.get(&link);
        let is_known = wires.is_some_and(|wires| wires[1 - side].is_some());
        self.cut_early |= !is_known;
    }

    /// Reads all that has arrived; whether that was anything.
    pub(super) fn read_all_outside(&mut self) -> bool {
        self.meet_arrived();
        let mut any = false;
        for (link, side) in self.outside.clone() {
            any |= kernel::with(|kernel| kernel.links[link].ends[side].received.len() > 0);
            self.read_outside(link, side, usize::MAX);
        }
        any
    }

    pub(super) fn close_all_outside(&mut self) {
        for (link, side) in self.outside.clone() {
            self.close_outside(link, side);
        }
    }
}
