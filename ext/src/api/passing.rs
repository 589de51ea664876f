//! Descriptors passed over connections.

use magnus::prelude::*;
use magnus::{Error, RModule, Ruby, Value, function};

use crate::sys::descriptors;
use crate::{convert, errors, instance};

pub(super) fn init(module: RModule) -> Result<(), Error> {
    module.define_singleton_method("send_descriptor", function!(send_descriptor, 2))
}

/// Queues a duplicate of a descriptor, for a peer that takes it.
fn send_descriptor(ruby: &Ruby, signature: Value, descriptor: i32) -> Result<usize, Error> {
    let id = convert::id(signature)?;
    let sent = instance::change(ruby, |instance| {
        instance
            .reactor
            .send_descriptor(id, descriptors::raw(descriptor))
    })?;
    sent.map_err(|cause| errors::from(ruby, &cause))
}
