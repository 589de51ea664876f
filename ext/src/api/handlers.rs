//! What classes of handlers say of themselves.

use magnus::prelude::*;
use magnus::rb_sys::{AsRawId, AsRawValue};
use magnus::value::IntoId;
use magnus::{Error, RClass, RModule, Ruby, method};

use crate::names;

pub(super) fn init(module: RModule) -> Result<(), Error> {
    let singleton = module.singleton_class()?;
    singleton.define_private_method("arity_of_initialize", method!(arity_of_initialize, 1))
}

/// As `instance_method(:initialize).arity`, without an object for each connection.
fn arity_of_initialize(ruby: &Ruby, _module: RModule, class: RClass) -> i32 {
    let name = (*names::INITIALIZE).into_id_with(ruby);
    // SAFETY: called with a live class and a name; it looks the method up, and calls nothing.
    unsafe { rb_sys::rb_mod_method_arity(class.as_raw(), name.as_raw()) }
}
