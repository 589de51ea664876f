//! Proxies from socket to socket without a copy, where so much comes that this is worth it.

use super::Reactor;
use crate::id::Id;
use crate::outbound::SHARE;
use crate::step::Rest;
use crate::sys::handle::Handle;
use crate::sys::splice::Pipe;

/// Of fewer bytes at a time, reading and writing them costs less.
const WORTHWHILE: usize = 32 * 1024;

impl Reactor {
    /// Passes on what a source has, where that is worth it; false where it is to be read, be it
    /// since something went wrong, of which the read tells.
    pub(super) fn splice_on(&mut self, source: Id, buffer: &mut [u8]) -> bool {
        let Some((target, limit)) = self.bulk_target(source) else {
            return false;
        };
        let Some(pipe) = self.pipe.take().or_else(|| Pipe::new().ok()) else {
            return false;
        };
        let most = SHARE.min(limit.max(buffer.len()));
        let filled = self.fill(&pipe, source, target, most);
        if filled > 0 {
            self.spliced(pipe, source, target, filled, buffer);
        } else {
            self.pipe = Some(pipe);
        }
        filled > 0
    }

    /// Takes bytes of the source into the pipe, where the target takes them at once.
    fn fill(&self, pipe: &Pipe, source: Id, target: Id, most: usize) -> usize {
        let [Some(from), Some(to)] = [source, target].map(|id| self.descriptors.get(id)) else {
            return 0;
        };
        let takes = to
            .as_stream()
            .is_some_and(|to_stream| to_stream.writes_at_once(&to.base));
        let (from, to) = (&from.base, &to.base);
        let are_sockets = from.handle.socket().is_some() && to.handle.socket().is_some();
        let share = from.forward().map_or(0, |forward| forward.readable_share());
        match takes && are_sockets {
            true => pipe.fill(&from.handle, most.min(share)).unwrap_or(0),
            false => 0,
        }
    }

    /// So many bytes of the source are in the pipe: has the target take them, or queue them.
    fn spliced(&mut self, pipe: Pipe, source: Id, target: Id, count: usize, buffer: &mut [u8]) {
        let now = self.turn.now;
        for id in [source, target] {
            self.with_stream(id, |stream, base, _| {
                base.last_activity = now;
                stream.note_bytes(id == source);
            });
        }
        let mut left = count;
        self.turn.traffic.received += count as u64;
        if let Some(to) = self.descriptors.get(target) {
            let drained = drain(&pipe, &to.base.handle, count);
            self.turn.traffic.sent += drained as u64;
            left -= drained;
        }
        while left > 0 {
            let Ok(taken) = pipe.read(buffer) else { break };
            left -= taken;
            // Where the target is broken, that shows again when this is flushed.
            let _ = self.send(target, &buffer[..taken]);
        }
        if left == 0 {
            self.pipe = Some(pipe);
        }
        self.account(source, count as u64);
        self.pass_on_more(source, Rest::NextTurn, count >= WORTHWHILE);
    }
}

/// How many bytes of the pipe a socket takes.
fn drain(pipe: &Pipe, socket: &Handle, count: usize) -> usize {
    let mut drained = 0;
    while drained < count {
        match pipe.drain(socket, count - drained) {
            Ok(some) if some > 0 => drained += some,
            _ => break,
        }
    }
    drained
}
