//! Closing a connection only once its peer has what was written.
//!
//! What a peer sends to a socket that is closed already makes the system answer with a reset, which
//! destroys what it had not delivered yet. So the writing side ends first, and reading goes on.

use std::time::{Duration, Instant};

use super::Stream;
use crate::base::{Base, Cause};
use crate::sys::handle::Handle;
use crate::sys::undelivered::undelivered;
use crate::turn::{Deadline, Turn};

/// How long after the last byte was written a peer is waited for that does not take it.
const LIMIT: Duration = Duration::from_secs(5);
/// Of that time, the share that passes until the system is asked again.
const INTERVAL: u32 = 8;
const SHORTEST: Duration = Duration::from_millis(5);

impl Stream {
    /// All is written to a connection that was to close then.
    pub(super) fn deliver(&mut self, base: &mut Base, turn: &mut Turn) {
        if !has_undelivered(&base.handle) {
            base.depart(turn, Cause::Written);
        } else if !std::mem::replace(&mut self.awaits_delivery, true) {
            self.end_output(&base.handle);
            let began = turn.now;
            look_later(base, turn, began);
        }
    }
}

/// Looks whether the peer has all that was written up to `began`.
pub(crate) fn delivery_due(base: &mut Base, turn: &mut Turn, began: Instant) {
    let waited = turn.now.saturating_duration_since(began);
    match waited < LIMIT && has_undelivered(&base.handle) {
        true => look_later(base, turn, began),
        false => base.depart(turn, Cause::Written),
    }
}

fn look_later(base: &Base, turn: &mut Turn, began: Instant) {
    let waited = turn.now.saturating_duration_since(began);
    let pause = SHORTEST.max(waited / INTERVAL);
    let deadline = Deadline::Delivery(base.id, began);
    turn.deadlines.add(turn.now, turn.now + pause, deadline);
}

/// Where the system does not tell, the peer may lack something until it ends the connection.
fn has_undelivered(handle: &Handle) -> bool {
    let tcp = handle.socket().filter(|_| handle.is_tcp());
    tcp.is_some_and(|socket| undelivered(socket) != Some(0))
}
