//! An IO's own limit for waits.

use magnus::prelude::*;
use magnus::{Error, Value};

/// Seconds or nil, as `IO#timeout` gives them from Ruby 3.2 on; nothing before that.
pub(crate) fn of(io: Value) -> Result<Option<Value>, Error> {
    match io.respond_to("timeout", false)? {
        true => io.funcall("timeout", ()).map(Some),
        false => Ok(None),
    }
}
