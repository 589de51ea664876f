//! Child processes, and watching processes.

use std::ffi::OsString;

use em_reactor::Error as Cause;
use magnus::block::Proc;
use magnus::prelude::*;
use magnus::rb_sys::{FromRawValue, protect};
use magnus::{Error, RArray, RClass, RModule, RString, Ruby, TryConvert, Value, function};

use crate::sys::words;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("invoke_popen", function!(invoke_popen, 1))?;
    module.define_module_function("get_subprocess_pid", function!(get_subprocess_pid, 1))?;
    let get = function!(get_subprocess_status, 1);
    module.define_module_function("get_subprocess_status", get)?;
    module.define_module_function("watch_pid", function!(watch_pid, 1))?;
    module.define_module_function("unwatch_pid", function!(unwatch_pid, 1))
}

/// As many as upstream refuses.
const TOO_MANY_WORDS: usize = 2048;

/// Starts a child process and returns the signature of the connection to it. The array holds the
/// program, the name it is told to have, and its arguments.
fn invoke_popen(ruby: &Ruby, words: RArray) -> Result<u64, Error> {
    if words.len() >= TOO_MANY_WORDS {
        return Err(errors::runtime(ruby, "too many arguments to popen"));
    }
    let words = arguments(ruby, words)?;
    let Some((program, argv)) = words.split_first() else {
        return Err(errors::runtime(
            ruby,
            "no popen: there is no program to run",
        ));
    };
    let spawned = instance::open(ruby, |reactor| reactor.spawn(program, argv))?;
    spawned
        .map(|id| id.as_u64())
        .map_err(|cause| errors::runtime(ruby, format!("no popen: {cause}")))
}

fn arguments(ruby: &Ruby, words: RArray) -> Result<Vec<OsString>, Error> {
    words.into_iter().map(|word| argument(ruby, word)).collect()
}

fn argument(ruby: &Ruby, word: Value) -> Result<OsString, Error> {
    let bytes = convert::bytes(RString::try_convert(word)?);
    let word = convert::os_string(ruby, bytes)?;
    if word.as_encoded_bytes().contains(&0) {
        let message = format!("string contains null byte: {word:?}");
        return Err(errors::argument(ruby, message));
    }
    Ok(word)
}

/// The id of a connection's child process; nil where it has none.
fn get_subprocess_pid(ruby: &Ruby, signature: Value) -> Result<Option<u32>, Error> {
    let id = convert::id(signature)?;
    instance::look(ruby, |i| i.reactor.child_pid(id))
}

/// The Process::Status of a connection's child; nil where it has none, where that still runs, and
/// where the application waited for it itself.
fn get_subprocess_status(ruby: &Ruby, signature: Value) -> Result<Option<Value>, Error> {
    let id = convert::id(signature)?;
    let ended = instance::look(ruby, |i| {
        i.reactor.child_pid(id).zip(i.reactor.child_status(id))
    })?;
    ended
        .map(|(pid, ended)| status(ruby, words::status(ended), pid as i32))
        .transpose()
}

/// Ruby makes a Process::Status only as the `$?` of a thread; this is one of its own, so that the
/// application's stays what it is.
fn status(ruby: &Ruby, status: i32, pid: i32) -> Result<Value, Error> {
    let thread: RClass = ruby.class_object().const_get("Thread")?;
    let made: Value = thread.block_call("new", (status, pid), make_status)?;
    made.funcall("value", ())
}

fn make_status(ruby: &Ruby, arguments: &[Value], _: Option<Proc>) -> Result<Value, Error> {
    let &[status, pid] = arguments else {
        return Ok(ruby.qnil().as_value());
    };
    let (status, pid) = (i32::try_convert(status)?, i32::try_convert(pid)?);
    let made = protect(|| {
        // SAFETY: called with the GVL held, under protect; the second returns what the first made.
        unsafe {
            rb_sys::rb_last_status_set(status, pid as _);
            rb_sys::rb_last_status_get()
        }
    })?;
    // SAFETY: it is a live object, on the stack of this thread.
    Ok(unsafe { Value::from_raw(made) })
}

/// Tells of the end of any process; `Unsupported` where that cannot be.
fn watch_pid(ruby: &Ruby, pid: i32) -> Result<u64, Error> {
    let watched = instance::open(ruby, |reactor| reactor.watch_process(pid))?;
    watched.map(|id| id.as_u64()).map_err(|cause| {
        let message = format!("no pid watching: {cause}");
        errors::own(ruby, "Unsupported", message)
    })
}

/// InvalidSignature where there is no watch of this signature.
fn unwatch_pid(ruby: &Ruby, signature: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let ended = instance::change(ruby, |i| i.reactor.unwatch_process(id))?;
    ended.map_err(|cause: Cause| errors::own(ruby, "InvalidSignature", cause.to_string()))
}
