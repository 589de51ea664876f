//! The module's hashes of what goes by a signature: timers, connections and servers.

use magnus::rb_sys::{AsRawId, AsRawValue, FromRawValue, protect};
use magnus::value::{IntoId, LazyId, ReprValue};
use magnus::{Error, RHash, RModule, Ruby, Value};

/// Keeps `value` under a signature. An error where the application froze the hash, or walks it.
pub(crate) fn store(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    signature: u64,
    value: Value,
) -> Result<(), Error> {
    let name = (**hash).into_id_with(ruby).as_raw();
    let key = ruby.into_value(signature).as_raw();
    let mut stored = false;
    protect(|| {
        // SAFETY: called with live objects, under protect, since both raise. What is stored into is a
        // Hash. No value with a destructor lives between here and protect.
        unsafe {
            let hash = rb_sys::rb_ivar_get(module.as_raw(), name);
            if RHash::from_value(Value::from_raw(hash)).is_some() {
                rb_sys::rb_hash_aset(hash, key, value.as_raw());
                stored = true;
            }
        }
        rb_sys::Qnil.into()
    })?;
    if stored {
        Ok(())
    } else {
        Err(not_a_hash(ruby, hash))
    }
}

/// Removes and returns what is under a key; nil where there is nothing.
pub(crate) fn remove(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    key: Value,
) -> Result<Value, Error> {
    let name = (**hash).into_id_with(ruby).as_raw();
    let mut found = None;
    protect(|| {
        // SAFETY: as for `store`.
        unsafe {
            let hash = rb_sys::rb_ivar_get(module.as_raw(), name);
            if RHash::from_value(Value::from_raw(hash)).is_some() {
                found = Some(rb_sys::rb_hash_delete(hash, key.as_raw()));
            }
        }
        rb_sys::Qnil.into()
    })?;
    // SAFETY: a live object, which the stack holds from here on.
    found
        .map(|value| unsafe { Value::from_raw(value) })
        .ok_or_else(|| not_a_hash(ruby, hash))
}

/// Removes what is under a signature and calls it, unless it is false; false where there is nothing.
pub(crate) fn call(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    signature: u64,
    method: &'static LazyId,
) -> Result<bool, Error> {
    let name = (**hash).into_id_with(ruby).as_raw();
    let method = (**method).into_id_with(ruby).as_raw();
    let key = ruby.into_value(signature).as_raw();
    let mut known = false;
    protect(|| {
        // SAFETY: as for `store`; the called object is on the stack while it is called.
        unsafe {
            let hash = rb_sys::rb_ivar_get(module.as_raw(), name);
            if RHash::from_value(Value::from_raw(hash)).is_none() {
                return rb_sys::Qnil.into();
            }
            let callee = rb_sys::rb_hash_delete(hash, key);
            known = !Value::from_raw(callee).is_nil();
            if Value::from_raw(callee).to_bool() {
                rb_sys::rb_funcallv(callee, method, 0, std::ptr::null());
            }
        }
        rb_sys::Qnil.into()
    })?;
    Ok(known)
}

fn not_a_hash(ruby: &Ruby, name: &'static LazyId) -> Error {
    let name = (**name).into_id_with(ruby);
    let name = name.name().unwrap_or_default();
    Error::new(
        ruby.exception_type_error(),
        format!("EventMachine's {name} is no Hash"),
    )
}
