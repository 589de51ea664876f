//! An IO's own limit for waits.

use std::ffi::c_void;
use std::sync::OnceLock;

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::{Error, Value};
use rb_sys::VALUE;

type Timeout = unsafe extern "C" fn(VALUE) -> VALUE;

/// Seconds or nil, as `IO#timeout` gives them from Ruby 3.2 on; nothing before that.
pub(crate) fn of(io: Value) -> Result<Option<Value>, Error> {
    static FUNCTION: OnceLock<Option<Timeout>> = OnceLock::new();
    let function = FUNCTION.get_or_init(|| {
        // SAFETY: looks a name up; Ruby has the function under that name, with this type, or has it
        // not.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"rb_io_timeout".as_ptr()) };
        // SAFETY: as above; a null pointer is no function.
        (!found.is_null()).then(|| unsafe { std::mem::transmute::<*mut c_void, Timeout>(found) })
    });
    let Some(function) = function else {
        return Ok(None);
    };
    // SAFETY: called with an IO, under protection.
    let seconds = protect(|| unsafe { function(io.as_raw()) })?;
    // SAFETY: a Float, an Integer or nil, which the IO has.
    Ok(Some(unsafe { Value::from_raw(seconds) }))
}
