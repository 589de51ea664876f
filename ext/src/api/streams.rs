//! What streams do for each message: without Ruby's frames, and without an Array of the arguments.

use magnus::prelude::*;
use magnus::rb_sys::{AsRawId, AsRawValue, FromRawValue};
use magnus::value::{IntoId, LazyId};
use magnus::{Error, RModule, RString, Ruby, TryConvert, Value, method};

use super::connections::send_shared;
use crate::shared::WORTHWHILE;
use crate::{convert, instance, names};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    let writing = module.define_module("StreamWrite")?;
    module.funcall::<_, _, Value>("private_constant", ("StreamWrite",))?;
    writing.define_method("write", method!(write, -1))
}

/// Queues strings to be sent, and waits while too much is queued.
fn write(ruby: &Ruby, stream: Value, strings: &[Value]) -> Result<usize, Error> {
    let mut total = 0;
    for &string in strings {
        total += push(ruby, stream, string)?;
    }
    let id = convert::id(variable(ruby, stream, &names::SIGNATURE))?;
    let queued = instance::peek(ruby, |i| i.reactor.outbound_len(id))?;
    let high = usize::try_convert(variable(ruby, stream, &names::HIGH))?;
    if matches!(queued, Some(Ok(queued)) if queued >= high) {
        stream.funcall::<_, _, Value>("wait_while_full", ())?;
    }
    Ok(total)
}

/// Queues one string; returns how many bytes it has.
fn push(ruby: &Ruby, stream: Value, string: Value) -> Result<usize, Error> {
    let data = match RString::from_value(string) {
        Some(data) => data,
        None => string.funcall("to_s", ())?,
    };
    let is_closed = variable(ruby, stream, &names::CLOSED).to_bool();
    let size = data.len();
    if is_closed || send(ruby, stream, data, size)? < size as i64 {
        stream.funcall::<_, _, Value>("raise_unwritable", ())?;
    }
    Ok(size)
}

/// As `send_data`, which is inlined where connections call it, as it would not be for two.
fn send(ruby: &Ruby, stream: Value, data: RString, size: usize) -> Result<i64, Error> {
    let id = convert::id(variable(ruby, stream, &names::SIGNATURE))?;
    if size >= WORTHWHILE {
        return send_shared(ruby, id, data, size);
    }
    let sent = instance::change(ruby, |instance| {
        // SAFETY: the reactor copies the bytes before any Ruby code can run.
        instance.reactor.send(id, unsafe { data.as_slice() })
    })?;
    Ok(sent.map_or(-1, |count| count as i64))
}

fn variable(ruby: &Ruby, object: Value, name: &'static LazyId) -> Value {
    let name = (**name).into_id_with(ruby).as_raw();
    // SAFETY: called with a live object; where there is no such variable, that is nil.
    unsafe { Value::from_raw(rb_sys::rb_ivar_get(object.as_raw(), name)) }
}
