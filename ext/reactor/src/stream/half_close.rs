//! One direction that ends before the other.

use std::io::{self, IoSlice};

use socket2::{Domain, Type};

use super::{Output, Stream};
use crate::base::{Base, Phase};
use crate::event::{Event, Reason};
use crate::sys::handle::Handle;
use crate::turn::Turn;

impl Stream {
    /// Whether the direction to the peer is there to be ended for itself: it has a socket, and
    /// takes more.
    fn may_end_output(&self, base: &Base) -> bool {
        let is_open = matches!(
            base.phase,
            Phase::Open | Phase::Connecting { closes: false }
        );
        is_open
            && base.handle.socket().is_some()
            && self.output == Output::Open
            && !base.is_refused()
    }

    /// Ends the direction to the peer when what was sent is written; false where it cannot end by
    /// itself.
    pub(crate) fn end_output_when_written(&mut self, base: &mut Base, turn: &mut Turn) -> bool {
        if !self.may_end_output(base) {
            return false;
        }
        self.output = Output::Ending;
        base.mark_dirty(turn);
        true
    }

    /// As all is written, ends the direction that was to end then; a handshake comes before that.
    /// The connection ends, where the other direction has.
    pub(super) fn end_written_output(&mut self, base: &mut Base, turn: &mut Turn) {
        if self.output != Output::Ending || self.outbound_len() > 0 || self.is_securing() {
            return;
        }
        self.end_output(&base.handle);
        if self.input_ended {
            self.finish(base, turn, true);
        }
    }

    /// Nobody else is told of the end of its input, which is its own then, and its owner's where
    /// that wants to know.
    pub(crate) fn finish_input(&mut self, base: &mut Base, turn: &mut Turn) {
        let is_open = base.phase == Phase::Open && base.departure.is_none();
        if !is_open || !turn.tells_input_ends || self.is_securing() {
            self.end_with_input(base, turn);
        } else if !std::mem::replace(&mut self.input_end_told, true) {
            turn.notices.push_back(Event::InputEnded(base.id));
        }
    }

    /// Its owner knows of the end of its input, and whether to go on sending.
    pub(crate) fn go_on_without_input(&mut self, base: &mut Base, turn: &mut Turn, sends_on: bool) {
        if !sends_on || self.output != Output::Open {
            return self.end_with_input(base, turn);
        }
        self.sends_on = true;
        Self::look_for_peer_later(base, turn);
    }

    /// The end of its input was all that was seen of its peer, which may be gone by now.
    pub(crate) fn look_for_peer_later(base: &mut Base, turn: &mut Turn) {
        base.readiness.ended = true;
        base.carry(turn);
    }

    fn end_with_input(&mut self, base: &mut Base, turn: &mut Turn) {
        self.finish(base, turn, true);
        // One that was draining before may have nothing else to wait for.
        base.mark_dirty(turn);
    }

    /// Why a connection ends to which the system refuses to write. Nothing is wrong where the peer
    /// has closed it before: so it does that reads an end first, as mostly happens.
    pub(super) fn refusal_reason(&self, error: &io::Error) -> Option<Reason> {
        let is_expected = is_gone(error) && (self.may_leave() || self.may_leave_securely());
        Reason::of(error).filter(|_| !is_expected)
    }

    /// Whether the peer has ended its side, and nobody counts on its taking more.
    fn may_leave(&self) -> bool {
        self.input_ended && !self.sends_on
    }

    /// A write failed before the end of input was found. To TCP, EPIPE says that this had come
    /// first; a reset without it is ECONNRESET.
    pub(super) fn excuse_refusal(&self, base: &mut Base) {
        if base.is_refused() && self.may_leave() && is_over_tcp(&base.handle) {
            base.excuse_refusal(io::ErrorKind::BrokenPipe);
        }
    }

    /// A peer that sends no more may be gone altogether, which a write of nothing shows.
    pub(super) fn look_for_peer(&mut self, base: &mut Base, turn: &mut Turn) {
        let is_told = std::mem::take(&mut base.readiness.ended) && self.input_ended;
        if !is_told || base.phase != Phase::Open || self.output == Output::Ended {
            return;
        }
        let socket = base.handle.socket();
        if !socket.is_some_and(|socket| socket.r#type().is_ok_and(|kind| kind == Type::STREAM)) {
            // Elsewhere that would be a message.
            return;
        }
        match base.handle.write(&[IoSlice::new(&[])]) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                // Closing a Unix socket loses nothing that was sent to it.
                let is_close =
                    error.kind() == io::ErrorKind::BrokenPipe && !is_over_tcp(&base.handle);
                let reason = Reason::of(&error).filter(|_| !is_close);
                self.end(base, turn, reason);
            }
        }
    }
}

/// Whether it is a TCP socket, whoever made it.
fn is_over_tcp(handle: &Handle) -> bool {
    let address = handle.socket().and_then(|socket| socket.local_addr().ok());
    let domain = address.map(|address| address.domain());
    matches!(domain, Some(Domain::IPV4 | Domain::IPV6))
}

/// Whether the error says no more than that the peer is not there.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};

    matches!(error.kind(), BrokenPipe | ConnectionReset)
}
