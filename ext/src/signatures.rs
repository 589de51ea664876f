//! The module's hashes of what goes by a signature: timers, connections and servers.

use magnus::prelude::*;
use magnus::rb_sys::{AsRawId, AsRawValue, FromRawValue, protect};
use magnus::value::{BoxValue, IntoId, LazyId};
use magnus::{Error, RHash, RModule, Ruby, Value};
use rb_sys::VALUE;

use crate::{instance, names};

/// One of the hashes.
#[derive(Clone, Copy)]
pub(crate) enum Table {
    Connections,
    Acceptors,
    Timers,
}

impl Table {
    fn name(self) -> &'static LazyId {
        match self {
            Self::Connections => &names::CONNS,
            Self::Acceptors => &names::ACCEPTORS,
            Self::Timers => &names::TIMERS,
        }
    }

    /// What the module has by that name.
    fn find(self, ruby: &Ruby, module: RModule) -> Result<RHash, Error> {
        let found: Value = module.ivar_get(**self.name())?;
        RHash::from_value(found).ok_or_else(|| {
            let name = self.name().into_id_with(ruby);
            let name = name.name().unwrap_or_default();
            let message = format!("EventMachine's {name} is no Hash");
            Error::new(ruby.exception_type_error(), message)
        })
    }
}

/// The hashes as a loop finds them when it is made. Looking them up for each event would cost more
/// than what is done with them.
pub(crate) struct Tables {
    connections: BoxValue<RHash>,
    acceptors: BoxValue<RHash>,
    timers: BoxValue<RHash>,
}

impl Tables {
    pub(crate) fn find(ruby: &Ruby) -> Result<Self, Error> {
        let module = names::module(ruby)?;
        let find = |table: Table| table.find(ruby, module).map(BoxValue::new);
        Ok(Self {
            connections: find(Table::Connections)?,
            acceptors: find(Table::Acceptors)?,
            timers: find(Table::Timers)?,
        })
    }

    fn get(&self, table: Table) -> RHash {
        match table {
            Table::Connections => *self.connections,
            Table::Acceptors => *self.acceptors,
            Table::Timers => *self.timers,
        }
    }
}

/// Does with one of the hashes what may raise: `body` runs under protection.
///
/// # Safety
///
/// `body` may hold nothing that has a destructor: it is left by a jump where something raises.
pub(crate) unsafe fn with(
    ruby: &Ruby,
    module: RModule,
    table: Table,
    body: impl FnOnce(VALUE) -> VALUE,
) -> Result<Value, Error> {
    let hash = match instance::peek(ruby, |instance| instance.tables.get(table))? {
        Some(hash) => hash,
        None => table.find(ruby, module)?,
    };
    let result = protect(|| body(hash.as_raw()))?;
    // SAFETY: a live object, which the stack holds from here on.
    Ok(unsafe { Value::from_raw(result) })
}

/// Keeps `value` under a signature. An error where the application froze the hash, or walks it.
pub(crate) fn store(
    ruby: &Ruby,
    module: RModule,
    table: Table,
    signature: u64,
    value: Value,
) -> Result<(), Error> {
    let key = ruby.into_value(signature).as_raw();
    // SAFETY: called with live objects; nothing has a destructor.
    let stored = unsafe {
        with(ruby, module, table, |hash| {
            rb_sys::rb_hash_aset(hash, key, value.as_raw())
        })
    };
    stored.map(drop)
}

/// What is under a signature.
pub(crate) fn look_up(
    ruby: &Ruby,
    module: RModule,
    table: Table,
    signature: u64,
) -> Result<Option<Value>, Error> {
    let key = ruby.into_value(signature).as_raw();
    let mut known = true;
    // SAFETY: as for `store`.
    let found = unsafe {
        with(ruby, module, table, |hash| {
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
    table: Table,
    key: Value,
) -> Result<Value, Error> {
    // SAFETY: as for `store`.
    unsafe {
        with(ruby, module, table, |hash| {
            rb_sys::rb_hash_delete(hash, key.as_raw())
        })
    }
}

/// Removes what is under a signature and calls it, unless it is false; false where there is
/// nothing.
pub(crate) fn call(
    ruby: &Ruby,
    module: RModule,
    table: Table,
    signature: u64,
) -> Result<bool, Error> {
    let method = (*names::CALL).into_id_with(ruby).as_raw();
    let key = ruby.into_value(signature).as_raw();
    let mut known = false;
    // SAFETY: as for `store`; the called object is on the stack while it is called.
    unsafe {
        with(ruby, module, table, |hash| {
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
