//! The module's hashes of what goes by a signature: timers, connections and servers.

use magnus::rb_sys::{AsRawId, AsRawValue, FromRawValue, protect};
use magnus::value::{IntoId, LazyId, ReprValue};
use magnus::{Error, RHash, RModule, Ruby, Value};
use rb_sys::VALUE;

use crate::names;

/// Does with one of the hashes what may raise: `body` runs under protection.
///
/// # Safety
///
/// `body` may hold nothing that has a destructor: it is left by a jump where something raises.
pub(crate) unsafe fn with(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    body: impl FnOnce(VALUE) -> VALUE,
) -> Result<Value, Error> {
    let name = (**hash).into_id_with(ruby);
    let mut is_hash = true;
    let result = protect(|| {
        // SAFETY: called with a live object and the name of an ivar; what the ivar holds is live,
        // too.
        unsafe {
            let hash = rb_sys::rb_ivar_get(module.as_raw(), name.as_raw());
            is_hash = RHash::from_value(Value::from_raw(hash)).is_some();
            if is_hash { body(hash) } else { hash }
        }
    })?;
    if is_hash {
        // SAFETY: a live object, which the stack holds from here on.
        return Ok(unsafe { Value::from_raw(result) });
    }
    let name = name.name().unwrap_or_default();
    Err(Error::new(
        ruby.exception_type_error(),
        format!("EventMachine's {name} is no Hash"),
    ))
}

/// Keeps `value` under a signature. An error where the application froze the hash, or walks it.
pub(crate) fn store(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    signature: u64,
    value: Value,
) -> Result<(), Error> {
    let key = ruby.into_value(signature).as_raw();
    // SAFETY: called with live objects; nothing has a destructor.
    let stored = unsafe {
        with(ruby, module, hash, |hash| {
            rb_sys::rb_hash_aset(hash, key, value.as_raw())
        })
    };
    stored.map(drop)
}

/// What is under a signature.
pub(crate) fn look_up(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    signature: u64,
) -> Result<Option<Value>, Error> {
    let key = ruby.into_value(signature).as_raw();
    let mut known = true;
    // SAFETY: as for `store`.
    let found = unsafe {
        with(ruby, module, hash, |hash| {
            let value = rb_sys::rb_hash_lookup2(hash, key, rb_sys::Qundef.into());
            known = value != rb_sys::Qundef.into();
            if known { value } else { rb_sys::Qnil.into() }
        })
    }?;
    Ok(known.then_some(found))
}

/// Removes and returns what is under a key; nil where there is nothing.
pub(crate) fn remove(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    key: Value,
) -> Result<Value, Error> {
    // SAFETY: as for `store`.
    unsafe {
        with(ruby, module, hash, |hash| {
            rb_sys::rb_hash_delete(hash, key.as_raw())
        })
    }
}

/// Removes what is under a signature and calls it, unless it is false; false where there is
/// nothing.
pub(crate) fn call(
    ruby: &Ruby,
    module: RModule,
    hash: &'static LazyId,
    signature: u64,
) -> Result<bool, Error> {
    let method = (*names::CALL).into_id_with(ruby).as_raw();
    let key = ruby.into_value(signature).as_raw();
    let mut known = false;
    // SAFETY: as for `store`; the called object is on the stack while it is called.
    unsafe {
        with(ruby, module, hash, |hash| {
            let callee = rb_sys::rb_hash_delete(hash, key);
            known = !Value::from_raw(callee).is_nil();
            if Value::from_raw(callee).to_bool() {
                rb_sys::rb_funcallv(callee, method, 0, std::ptr::null());
            }
            rb_sys::Qnil.into()
        })
    }?;
    Ok(known)
}
