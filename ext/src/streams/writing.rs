//! Writing to a stream.

use em_reactor::Id;
use magnus::prelude::*;
use magnus::{Error, RModule, RString, Ruby, Value, method};

use super::state::{self, State, variable};
use crate::api::send_shared;
use crate::shared::WORTHWHILE;
use crate::{convert, instance, names};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_method("write", method!(write, -1))?;
    module.define_private_method("refused?", method!(is_refused, 0))
}

/// Queues strings to be sent, and waits while too much is queued.
fn write(ruby: &Ruby, stream: Value, strings: &[Value]) -> Result<usize, Error> {
    let state = state::of(ruby, stream)?;
    let mut total = 0;
    let mut queued = None;
    for &string in strings {
        let data = match RString::from_value(string) {
            Some(data) => data,
            None => string.funcall("to_s", ())?,
        };
        total += data.len();
        queued = push(ruby, stream, state, data)?;
    }
    let high = state.inner().high;
    if strings.is_empty() || queued.is_some_and(|queued| queued >= high) {
        stream.funcall::<_, _, Value>("wait_while_full", ())?;
    }
    Ok(total)
}

/// Queues one string; returns how many bytes are queued, where that is known.
fn push(ruby: &Ruby, stream: Value, state: State, data: RString) -> Result<Option<usize>, Error> {
    let size = data.len();
    let is_closed = state.inner().closed;
    let (sent, queued) = match is_closed {
        true => (-1, None),
        false => send(ruby, stream, data, size)?,
    };
    if sent < size as i64 || is_closed {
        stream.funcall::<_, _, Value>("raise_unwritable", ())?;
    }
    Ok(queued)
}

/// As `send_data`, which is inlined where connections call it, as it would not be for two. How many
/// bytes were taken, and how many are queued.
fn send(
    ruby: &Ruby,
    stream: Value,
    data: RString,
    size: usize,
) -> Result<(i64, Option<usize>), Error> {
    let id = convert::id(variable(ruby, stream, &names::SIGNATURE))?;
    if size >= WORTHWHILE {
        return send_much(ruby, id, data, size);
    }
    instance::change(ruby, |instance| {
        let reactor = &mut instance.reactor;
        // SAFETY: the reactor copies the bytes before any Ruby code can run.
        let sent = reactor.send(id, unsafe { data.as_slice() });
        let queued = reactor.outbound_len(id);
        (sent.map_or(-1, |count| count as i64), queued.ok())
    })
}

/// Apart, since its frame would be in the way of those who send little: see `scheduler::waits`.
#[inline(never)]
fn send_much(
    ruby: &Ruby,
    id: Id,
    data: RString,
    size: usize,
) -> Result<(i64, Option<usize>), Error> {
    let sent = send_shared(ruby, id, data, size)?;
    let queued = instance::peek(ruby, |i| i.reactor.outbound_len(id))?;
    Ok((sent, queued.and_then(Result::ok)))
}

/// Whether a write has failed, of which the stream is told when it ends.
fn is_refused(ruby: &Ruby, stream: Value) -> Result<bool, Error> {
    let id = convert::id(variable(ruby, stream, &names::SIGNATURE))?;
    let refused = instance::peek(ruby, |i| i.reactor.is_refused(id))?;
    Ok(matches!(refused, Some(Ok(true))))
}
