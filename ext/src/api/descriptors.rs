//! Descriptors made elsewhere.

use em_reactor::{Error as Cause, Interest};
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, function, method};

use crate::sys::descriptors;
use crate::{convert, errors, instance};

/// Of every process.
const STANDARD_INPUT: i32 = 0;

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("attach_fd", function!(attach_fd, 2))?;
    module.define_module_function("detach_fd", function!(detach_fd, 1))?;
    module.define_module_function("read_keyboard", function!(read_keyboard, 0))?;
    module.define_module_function("get_file_descriptor", function!(get_file_descriptor, 1))?;
    module.define_module_function("watch_only?", function!(is_watch_only, 1))?;
    module.define_module_function("is_notify_readable", function!(is_notify_readable, 1))?;
    module.define_module_function("is_notify_writable", function!(is_notify_writable, 1))?;
    module.define_module_function("set_notify_readable", function!(set_notify_readable, 2))?;
    module.define_module_function("set_notify_writable", function!(set_notify_writable, 2))?;
    let singleton = module.singleton_class()?;
    singleton.define_private_method("notify_priority?", method!(is_notify_priority, 1))?;
    singleton.define_private_method("set_notify_priority", method!(set_notify_priority, 2))
}

/// Takes over an open descriptor by its number: to watch only, or as a connection.
fn attach_fd(ruby: &Ruby, descriptor: i32, watch_only: Value) -> Result<u64, Error> {
    let watch_only = watch_only.to_bool();
    let attached = instance::open(ruby, |reactor| {
        if watch_only {
            reactor.watch(convert::descriptor(descriptor)?)
        } else {
            reactor.attach(convert::descriptor(descriptor)?)
        }
    })?;
    let id = attached.map_err(|cause| errors::from(ruby, &cause))?;
    descriptors::attached(ruby, id, descriptor);
    Ok(id.as_u64())
}

/// Reads the standard input as a connection, and returns its signature.
fn read_keyboard(ruby: &Ruby) -> Result<u64, Error> {
    let attached = instance::open(ruby, |reactor| {
        reactor.attach_for_a_while(convert::descriptor(STANDARD_INPUT)?)
    })?;
    let id = attached.map_err(|cause| errors::from(ruby, &cause))?;
    descriptors::attached(ruby, id, STANDARD_INPUT);
    Ok(id.as_u64())
}

fn detach_fd(ruby: &Ruby, signature: Value) -> Result<i32, Error> {
    let id = convert::id(signature)?;
    let detached = instance::change(ruby, |i| i.reactor.detach(id))?;
    let raw = detached
        .map_err(|cause| errors::runtime(ruby, format!("invalid binding to detach: {cause}")))?;
    descriptors::detached(ruby, id, raw)
}

fn get_file_descriptor(ruby: &Ruby, signature: Value) -> Result<i32, Error> {
    let id = convert::id(signature)?;
    let found = instance::look(ruby, |i| i.reactor.file_descriptor(id))?;
    let raw = found
        .map_err(|cause| errors::runtime(ruby, format!("invalid binding to get_fd: {cause}")))?;
    descriptors::number(ruby, id, raw)
}

fn is_watch_only(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let watch_only = instance::peek(ruby, |i| i.reactor.is_watch_only(id))?;
    Ok(matches!(watch_only, Some(Ok(true))))
}

fn is_notify_readable(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    notifies(ruby, signature, Interest::READABLE)
}

fn is_notify_writable(ruby: &Ruby, signature: Value) -> Result<bool, Error> {
    notifies(ruby, signature, Interest::WRITABLE)
}

/// Whether urgent data is told of.
fn is_notify_priority(ruby: &Ruby, _module: RModule, signature: Value) -> Result<bool, Error> {
    notifies(ruby, signature, Interest::PRIORITY)
}

fn notifies(ruby: &Ruby, signature: Value, kind: Interest) -> Result<bool, Error> {
    let id = convert::id(signature)?;
    let wanted = instance::peek(ruby, |i| i.reactor.notifies(id))?;
    Ok(wanted
        .and_then(Result::ok)
        .is_some_and(|wanted| wanted.has(kind)))
}

fn set_notify_readable(ruby: &Ruby, signature: Value, wanted: Value) -> Result<(), Error> {
    set_notify(ruby, signature, Interest::READABLE, wanted)
}

fn set_notify_writable(ruby: &Ruby, signature: Value, wanted: Value) -> Result<(), Error> {
    set_notify(ruby, signature, Interest::WRITABLE, wanted)
}

fn set_notify_priority(
    ruby: &Ruby,
    _module: RModule,
    signature: Value,
    wanted: Value,
) -> Result<(), Error> {
    set_notify(ruby, signature, Interest::PRIORITY, wanted)
}

/// Nothing for an unknown signature, and where there is no loop; a RuntimeError for what is not
/// watched only.
fn set_notify(ruby: &Ruby, signature: Value, kind: Interest, wanted: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    let wanted = wanted.to_bool();
    let set = |i: &mut instance::Instance| i.reactor.set_notify(id, kind, wanted);
    match instance::change_if_any(ruby, set)? {
        None | Some(Ok(()) | Err(Cause::UnknownId(_))) => Ok(()),
        Some(Err(Cause::WrongKind { operation, .. })) => {
            let message = format!("{operation} must be on 'watch only' connections");
            Err(errors::runtime(ruby, message))
        }
        Some(Err(cause)) => Err(errors::from(ruby, &cause)),
    }
}
