//! Reading from a stream: what comes, who waits for it, and who takes it.

use magnus::encoding::EncodingCapable;
use magnus::prelude::*;
use magnus::{Error, ExceptionClass, Fixnum, RModule, RString, Ruby, Value, method};

use super::state::{self, Reader, State, variable};
use crate::api::set_reading;
use crate::{names, scheduler};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_method("receive_data", method!(receive_data, 1))?;
    module.define_method("readpartial", method!(readpartial, 1))?;
    module.define_private_method("await_input", method!(await_input, 1))?;
    module.define_private_method("wake_reader", method!(wake_reader, 0))?;
    module.define_private_method("take", method!(take, 1))
}

/// Keeps what has come, for who waits for it. Where nobody does, too much is no longer read.
fn receive_data(ruby: &Ruby, stream: Value, data: RString) -> Result<(), Error> {
    let state = state::of(ruby, stream)?;
    if data.is_empty() {
        return Ok(());
    }
    let data = own_bytes(ruby, data)?;
    let size = match state.input() {
        None => {
            state.inner().input = Some(data);
            data.len()
        }
        Some(input) => {
            input.buf_append(data)?;
            input.len()
        }
    };
    let (reader, limit, stopped) = {
        let inner = state.inner();
        (inner.reader, inner.read_limit, inner.stopped)
    };
    match reader {
        Some(reader) => wake(ruby, stream, reader),
        None if stopped || size < limit => Ok(()),
        None => {
            state.inner().stopped = true;
            set_reading(ruby, variable(ruby, stream, &names::SIGNATURE), false).map(drop)
        }
    }
}

/// What can be added to, and is binary: as data that comes, but perhaps not what a class below
/// passes on to `receive_data`.
fn own_bytes(ruby: &Ruby, data: RString) -> Result<RString, Error> {
    match data.is_frozen() || data.enc_get() != ruby.ascii8bit_encindex() {
        true => data.funcall("b", ()),
        false => Ok(data),
    }
}

/// Takes what there is; waits only where there is nothing.
fn readpartial(ruby: &Ruby, stream: Value, most: Value) -> Result<RString, Error> {
    let size = match Fixnum::from_value(most).map(Fixnum::to_i64) {
        Some(size) if size > 0 => size as usize,
        _ => {
            stream.funcall::<_, _, Value>("check_size", ("length", most, 1))?;
            usize::MAX
        }
    };
    let state = state::of(ruby, stream)?;
    // Ruby knows of limits to the time, and of what is to be raised.
    let (is_timed, is_closed) = {
        let inner = state.inner();
        (inner.timed, inner.closed)
    };
    while !is_timed && !is_closed && state.inner().lacks_input() {
        wait(ruby, stream, state, None)?;
    }
    if is_closed || state.inner().input.is_none() {
        stream.funcall::<_, _, Value>("fill_any", ())?;
    }
    take_from(ruby, stream, state, size)
}

/// Has the running fiber wait for more input, or its end; at most for so many seconds where these
/// are not nil. It may be woken before.
fn await_input(ruby: &Ruby, stream: Value, seconds: Option<f64>) -> Result<(), Error> {
    wait(ruby, stream, state::of(ruby, stream)?, seconds)
}

fn wait(ruby: &Ruby, stream: Value, state: State, seconds: Option<f64>) -> Result<(), Error> {
    let scheduler = scheduler::current(ruby);
    if scheduler.is_nil() {
        return not_in_fiber(ruby);
    }
    let is_read = state.inner().reader.is_some();
    match is_read {
        true => give_way(ruby, stream, state, scheduler)?,
        false => read_on(ruby, stream, state, scheduler, seconds)?,
    }
    let is_closed = state.inner().closed;
    match is_closed {
        true => Err(io_error(ruby, "closed stream")),
        false => Ok(()),
    }
}

#[cold]
#[inline(never)]
fn not_in_fiber(ruby: &Ruby) -> Result<(), Error> {
    let module = names::module(ruby)?;
    module
        .funcall::<_, _, Value>("waiting_scheduler", ("Stream",))
        .map(drop)
}

/// A fiber that was cancelled reads until it has its turn. Any other one goes on reading.
#[inline(never)]
fn give_way(ruby: &Ruby, stream: Value, state: State, scheduler: Value) -> Result<(), Error> {
    scheduler::block(ruby, scheduler, stream, Some(0.0))?;
    let is_read = state.inner().reader.is_some();
    match is_read {
        true => Err(io_error(ruby, "another fiber reads from the stream")),
        false => Ok(()),
    }
}

fn read_on(
    ruby: &Ruby,
    stream: Value,
    state: State,
    scheduler: Value,
    seconds: Option<f64>,
) -> Result<(), Error> {
    let fiber = scheduler::current_fiber(ruby);
    state.inner().reader = Some(Reader { fiber, scheduler });
    let waited = resume(ruby, stream, state)
        .and_then(|()| scheduler::block(ruby, scheduler, stream, seconds));
    state.inner().reader = None;
    waited
}

/// Something has happened to the stream: who reads looks at it.
fn wake_reader(ruby: &Ruby, stream: Value) -> Result<(), Error> {
    let reader = state::of(ruby, stream)?.inner().reader;
    reader.map_or(Ok(()), |reader| wake(ruby, stream, reader))
}

fn wake(ruby: &Ruby, stream: Value, reader: Reader) -> Result<(), Error> {
    scheduler::unblock(ruby, reader.scheduler, stream, reader.fiber)
}

/// Takes the first bytes, as many as there are at most.
fn take(ruby: &Ruby, stream: Value, size: usize) -> Result<RString, Error> {
    take_from(ruby, stream, state::of(ruby, stream)?, size)
}

fn take_from(ruby: &Ruby, stream: Value, state: State, size: usize) -> Result<RString, Error> {
    let taken = match state.input() {
        None => return Ok(ruby.str_buf_new(0)),
        Some(input) if size >= input.len() => {
            state.inner().input = None;
            input
        }
        Some(input) => {
            let taken = input.funcall("byteslice", (0, size))?;
            let rest: RString = input.funcall("byteslice", (size, input.len() - size))?;
            state.inner().input = Some(rest);
            taken
        }
    };
    let has_room = state.inner().has_room();
    if has_room {
        resume(ruby, stream, state)?;
    }
    Ok(taken)
}

/// Reads on, where that was stopped.
fn resume(ruby: &Ruby, stream: Value, state: State) -> Result<(), Error> {
    let was_stopped = std::mem::take(&mut state.inner().stopped);
    match was_stopped {
        true => set_reading(ruby, variable(ruby, stream, &names::SIGNATURE), true).map(drop),
        false => Ok(()),
    }
}

fn io_error(ruby: &Ruby, message: &'static str) -> Error {
    match ruby
        .class_object()
        .const_get::<_, ExceptionClass>("IOError")
    {
        Ok(class) => Error::new(class, message),
        Err(error) => error,
    }
}
