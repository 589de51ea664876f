//! Descriptors passed over connections.

use em_reactor::Error as Cause;
use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, function};

use crate::sys::descriptors;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_singleton_method("send_descriptor", function!(send_descriptor, 2))
}

/// Queues a duplicate of a descriptor, for a peer that takes it; -1 where the connection is gone.
fn send_descriptor(ruby: &Ruby, signature: Value, descriptor: i32) -> Result<i64, Error> {
    let id = convert::id(signature)?;
    let sent = instance::change_if_any(ruby, |instance| {
        instance
            .reactor
            .send_descriptor(id, descriptors::raw(descriptor))
    })?;
    match sent {
        Some(Ok(count)) => Ok(count as i64),
        None | Some(Err(Cause::UnknownId(_))) => Ok(-1),
        Some(Err(cause)) => Err(errors::from(ruby, &cause)),
    }
}
