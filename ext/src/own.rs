//! Objects of the classes that the library defines.

use std::marker::PhantomData;
use std::ops::Deref;

use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::typed_data::Obj;
use magnus::{Error, RTypedData, Ruby, TryConvert, TypedData, Value};
use rb_sys::StableApiDefinition;

/// As magnus's `Obj`. Where an object is of the very class, and not of one below it, that is seen
/// without a call of Ruby's, which each native method would make for its receiver.
pub(crate) struct Own<T> {
    object: Value,
    data: PhantomData<T>,
}

impl<T> Own<T> {
    pub(crate) fn value(self) -> Value {
        self.object
    }

    pub(crate) fn as_raw(self) -> rb_sys::VALUE {
        self.object.as_raw()
    }
}

impl<T> Clone for Own<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Own<T> {}

impl<T: TypedData> From<Obj<T>> for Own<T> {
    fn from(object: Obj<T>) -> Self {
        Self {
            object: object.as_value(),
            data: PhantomData,
        }
    }
}

impl<T: TypedData> TryConvert for Own<T> {
    fn try_convert(value: Value) -> Result<Self, Error> {
        let class = T::class(&Ruby::get_with(value)).as_raw();
        // SAFETY: called with a live object.
        let is_of = |object: RTypedData| unsafe { rb_sys::rb_obj_class(object.as_raw()) } == class;
        match RTypedData::from_value(value).is_some_and(is_of) {
            true => Ok(Self {
                object: value,
                data: PhantomData,
            }),
            false => Obj::try_convert(value).map(Self::from),
        }
    }
}

impl<T: TypedData> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: a typed data object of the class that makes objects with a `T` only, and with the
        // `T` from the start. It is on the stack as long as it is used.
        unsafe {
            let data = rb_sys::stable_api::get_default().rtypeddata_get_data(self.as_raw());
            &*data.cast::<T>()
        }
    }
}
