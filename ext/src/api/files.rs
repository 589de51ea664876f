//! Files that are watched, and files that are sent.

use std::path::Path;

use em_reactor::{Error as Cause, Id, Reactor};
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, function, method};

use crate::dispatch::Dispatcher;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_module_function("watch_filename", function!(watch_filename, 1))?;
    module
        .singleton_class()?
        .define_private_method("await_filename", method!(await_filename, 1))?;
    module.define_module_function("unwatch_filename", function!(unwatch_filename, 1))?;
    module.define_module_function("send_file_data", function!(send_file_data, 2))
}

/// Watches a file or directory, and returns the signature of the watch.
fn watch_filename(ruby: &Ruby, path: Value) -> Result<u64, Error> {
    watch(ruby, path, Reactor::watch_file)
}

/// The same for a file that may be missing yet.
fn await_filename(ruby: &Ruby, _module: RModule, path: Value) -> Result<u64, Error> {
    watch(ruby, path, Reactor::await_file)
}

fn watch(
    ruby: &Ruby,
    path: Value,
    watch: impl FnOnce(&mut Reactor, &Path) -> em_reactor::Result<Id>,
) -> Result<u64, Error> {
    let path = convert::path(ruby, path)?;
    let watched = instance::open(ruby, |reactor| watch(reactor, &path))?;
    watched.map(|id| id.as_u64()).map_err(|cause| {
        let (path, reason) = (path.display(), cause.reason());
        let message = format!("error registering file {path} for watching: {reason}");
        errors::own(ruby, "Unsupported", message)
    })
}

/// Ends a watch; `unbind` has been called when this returns.
fn unwatch_filename(ruby: &Ruby, signature: Value) -> Result<(), Error> {
    let id = convert::id(signature)?;
    instance::change(ruby, |i| i.reactor.unwatch_file(id))?.map_err(|cause| {
        let message = format!("attempted to remove invalid watch signature: {cause}");
        errors::own(ruby, "InvalidSignature", message)
    })?;
    Dispatcher::new(ruby)?.unbound(id, None)
}

/// Queues a whole file; returns 0, also for a connection that is closing or unknown.
fn send_file_data(ruby: &Ruby, signature: Value, path: Value) -> Result<i32, Error> {
    let id = convert::id(signature)?;
    let path = convert::path(ruby, path)?;
    let sent = instance::change(ruby, |i| i.reactor.send_file(id, &path))?;
    match sent {
        Ok(_) | Err(Cause::UnknownId(_)) => Ok(0),
        Err(cause @ Cause::System { .. }) => Err(Error::new(
            ruby.exception_io_error(),
            format!("{}: {}", path.display(), cause.reason()),
        )),
        Err(Cause::WrongKind { kind, .. }) => {
            let message = format!("send_file_data is not for {kind}");
            Err(errors::runtime(ruby, message))
        }
        Err(cause) => Err(errors::from(ruby, &cause)),
    }
}
