//! What comes in.

use std::io;

use super::Stream;
use crate::base::{Base, Room};
use crate::step::{Rest, Step};
use crate::turn::{Effect, Turn};

impl Stream {
    /// Acts on what the system said of it.
    pub(crate) fn advance(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        buffer: &mut [u8],
        room: Room,
    ) -> Step {
        self.flush_if_writable(base, turn);
        if self.session().is_some() {
            return self.advance_securely(base, turn, buffer, room);
        }
        if self.wants_bytes(base) && !room.held {
            return self.read(base, turn, buffer, room);
        }
        if self.input_ended {
            self.look_for_peer(base, turn);
        }
        Step::Idle
    }

    pub(crate) fn flush_if_writable(&mut self, base: &mut Base, turn: &mut Turn) {
        if std::mem::take(&mut base.readiness.writable) {
            self.flush(base, turn);
        }
    }

    /// Whether it may have plain bytes to read, which its owner wants.
    pub(crate) fn wants_bytes(&self, base: &mut Base) -> bool {
        if !self.reads(base) {
            base.readiness.readable = false;
        }
        base.readiness.readable && !base.paused && self.session().is_none()
    }

    /// The most that may be read at once: one byte where it is read so.
    pub(crate) fn readable_share(&self, room: Room) -> usize {
        if self.bytewise {
            room.share.min(1)
        } else {
            room.share
        }
    }

    fn read(&mut self, base: &mut Base, turn: &mut Turn, buffer: &mut [u8], room: Room) -> Step {
        if !base.handle.is_tcp() {
            if let Some(step) = self.before_read(base, turn) {
                return step;
            }
        }
        let share = self.readable_share(room).min(buffer.len());
        match self.read_some(base, &mut buffer[..share]) {
            Ok(0) if self.has_arrived() => self.took_carrier(base, turn),
            Ok(0) => self.end_input(base, turn),
            Ok(len) => {
                self.unanswered = true;
                let more = took(base, turn, len, len == share);
                let rest = match (base.departure.is_some(), more) {
                    (true, _) => Rest::ThisTurn,
                    (false, true) => Rest::NextTurn,
                    (false, false) => Rest::Nothing,
                };
                return Step::Data { len, rest };
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => found_nothing(base),
            // The child ended with input unread: no news beside its output's end.
            Err(error) if self.is_left_by_child(&error) => self.end_input(base, turn),
            Err(error) => {
                let reason = base.last_reason(&error);
                self.end(base, turn, reason);
            }
        }
        Step::Idle
    }

    /// A byte was read that only carries descriptors, which are told next.
    fn took_carrier(&mut self, base: &mut Base, turn: &mut Turn) {
        self.unanswered = true;
        took(base, turn, 1, true);
        base.requeue(turn);
    }

    /// The peer sends no more; what it asked for before is still written.
    pub(super) fn end_input(&mut self, base: &mut Base, turn: &mut Turn) {
        base.readiness.readable = false;
        self.input_ended = true;
        self.excuse_refusal(base);
        match base.links {
            Some(_) => turn.effects.push_back(Effect::InputEnded(base.id)),
            None => self.finish_input(base, turn),
        }
    }
}

/// So many bytes were read. Whether there may be more: readiness is reported once, so what may have
/// more is read on from.
pub(super) fn took(base: &mut Base, turn: &mut Turn, len: usize, filled: bool) -> bool {
    base.last_activity = turn.now;
    turn.traffic.received += len as u64;
    base.spend_last_share(len);
    let readiness = &mut base.readiness;
    let reads_in_part = base.handle.reads_in_part() || readiness.urgent;
    let more = filled || readiness.ended || base.always_ready || reads_in_part;
    readiness.readable = more;
    more
}

pub(super) fn found_nothing(base: &mut Base) {
    base.readiness.readable = false;
    base.readiness.ended = false;
}
