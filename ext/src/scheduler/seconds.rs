//! The times that Ruby hands over, as it was given them.

use std::time::Duration;

use magnus::prelude::*;
use magnus::{Error, Fixnum, Float, Ruby, TryConvert, Value};

use crate::{convert, errors};

/// A number of seconds as a time; nothing for nil. What is no time raises as Ruby's own `sleep`.
pub(super) fn duration(ruby: &Ruby, seconds: Value) -> Result<Option<Duration>, Error> {
    match number(ruby, seconds)? {
        Some(number) if number < 0.0 => {
            let message = format!("time interval must not be negative: {number}");
            Err(errors::argument(ruby, message))
        }
        number => Ok(number.map(convert::span)),
    }
}

fn number(ruby: &Ruby, seconds: Value) -> Result<Option<f64>, Error> {
    let number = match (Fixnum::from_value(seconds), Float::from_value(seconds)) {
        (Some(number), _) => number.to_i64() as f64,
        (_, Some(number)) => number.to_f64(),
        _ if seconds.is_nil() => return Ok(None),
        _ => f64::try_convert(seconds).map_err(|_| unusable(ruby, seconds))?,
    };
    match number.is_nan() {
        true => Err(Error::new(
            ruby.exception_range_error(),
            "NaN out of Time range",
        )),
        false => Ok(Some(number)),
    }
}

#[cold]
fn unusable(ruby: &Ruby, seconds: Value) -> Error {
    let class = seconds.class().inspect();
    let message = format!(
        "can't convert {class} into time interval: {}",
        seconds.inspect()
    );
    Error::new(ruby.exception_type_error(), message)
}
