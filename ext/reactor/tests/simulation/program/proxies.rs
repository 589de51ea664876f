//! Bytes that are passed on.

use super::Program;
use super::wire::{lacking, pass_on};
use crate::kernel;

impl Program {
    /// The wire by which a connection gets its input.
    pub(super) fn input_of(&mut self, index: usize) -> Option<usize> {
        let (link, side) = self.conns[index].link?;
        Some(self.wire_of(link, 1 - side))
    }

    /// Has a wire expect so many bytes, those that are passed on to it included.
    pub(super) fn expect_from_source(&mut self, wire: usize, length: usize) {
        let Some(source) = self.wires[wire].source else {
            return;
        };
        let lacks = lacking(&self.wires[wire], length);
        if lacks > 0 {
            self.pass(source, wire, lacks);
        }
    }

    /// Notes that a connection has passed on so many bytes to a wire.
    fn pass(&mut self, source: usize, to: usize, length: u64) {
        let Some(from) = self.input_of(source) else {
            return;
        };
        self.expect_from_source(from, length as usize);
        let lacking = pass_on(&mut self.wires, from, to, length);
        self.conns[source].passed += length - lacking;
    }

    pub(super) fn begin_proxy(&mut self, source: usize, target: usize, length: u64) {
        let [from, to] = [source, target].map(|index| self.conns[index].id);
        let limit = [0, 1, 1000, 100_000][self.random.below(4)];
        self.trace(|| format!("{from:?} passes on {length} to {to:?}, limit {limit}"));
        let started = self.reactor.start_proxy(from, to, limit, length);
        started.expect("a proxy");
        // None yet, unless the target has ended, so that nothing began.
        let passed = self.reactor.proxied_bytes(from).expect("a count");
        let conn = &mut self.conns[source];
        (conn.proxy, conn.passed, conn.to_pass) = (Some(target), passed, length);
        let out = self.conns[target].out;
        self.wires[out].source = Some(source);
    }

    /// A connection passes nothing on any more: what it has passed on so far is known now.
    pub(super) fn end_proxy(&mut self, source: usize) {
        let Some(target) = self.conns[source].proxy.take() else {
            return;
        };
        let id = self.conns[source].id;
        let total = self.reactor.proxied_bytes(id).expect("a count");
        let to_pass = self.conns[source].to_pass;
        assert!(
            to_pass == 0 || total <= to_pass,
            "{id:?} passes on too much"
        );
        let out = self.conns[target].out;
        let left = total.checked_sub(self.conns[source].passed);
        let left = left.expect("no more has arrived than was passed on");
        self.pass(source, out, left);
        assert_eq!(self.conns[source].passed, total, "passed on by {id:?}");
        self.wires[out].source = None;
        self.trace(|| format!("{id:?} has passed on {total}"));
        self.wires[out].lossy |= !self.conns[target].is_open() || self.is_shut(target);
    }

    /// Whether the direction to the peer has ended, be it by an end that was passed on.
    pub(super) fn is_shut(&self, index: usize) -> bool {
        let conn = &self.conns[index];
        let is_shut = |(link, side): (usize, usize)| {
            kernel::with(|kernel| kernel.links[link].ends[side].shut)
        };
        conn.write_closed || conn.link.is_some_and(is_shut)
    }

    /// A connection is at its end, and so is what others pass on to it.
    pub(super) fn end_proxies_to(&mut self, target: usize) {
        let out = self.conns[target].out;
        self.wires[out].lossy |= self.wires[out].source.is_some();
        if let Some(source) = self.wires[out].source {
            self.conns[source].unlinked_in = self.turn;
            self.end_proxy(source);
        }
    }
}
