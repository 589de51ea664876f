//! From Ruby's values to the reactor's, and back.

pub(crate) mod tls;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use em_reactor::{BorrowedDescriptor, Error as Cause, Id, port};
use magnus::prelude::*;
use magnus::{Error, Fixnum, Integer, RArray, RString, Ruby, TryConvert, Value};

use crate::errors;
use crate::sys::{descriptors, words};

/// The name that a signature stands for; a TypeError for what is no number.
pub(crate) fn id(signature: Value) -> Result<Id, Error> {
    if let Some(number) = Fixnum::from_value(signature) {
        return Ok(Id::from(number.to_i64() as u64));
    }
    // Negative numbers were never given out; their two's complement is not either.
    i64::try_convert(signature)
        .map(|number| number as u64)
        .or_else(|_| u64::try_convert(signature))
        .map(Id::from)
}

/// A number of seconds or milliseconds as a time; what is less than nothing is nothing.
pub(crate) fn duration(ruby: &Ruby, seconds: f64, given: Value) -> Result<Duration, Error> {
    if seconds.is_nan() {
        return Err(errors::argument(ruby, format!("{given} is no interval")));
    }
    Ok(span(seconds))
}

/// As [`duration`], for what is known to be a number.
pub(crate) fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

/// A port: an Integer, or a String that is one.
pub(crate) fn port_number(ruby: &Ruby, value: Value) -> Result<em_reactor::Result<u16>, Error> {
    let number: Integer = match RString::from_value(value) {
        Some(_) => ruby.module_kernel().funcall("Integer", (value, 10))?,
        None => Integer::try_convert(value)?,
    };
    Ok(match number.to_i64() {
        Ok(number) => port(number),
        Err(_) => Err(Cause::InvalidPort(number.to_string())),
    })
}

/// The bytes of a String, copied.
pub(crate) fn bytes(string: RString) -> Vec<u8> {
    // SAFETY: the slice is copied before anything else of Ruby's can run.
    unsafe { string.as_slice() }.to_vec()
}

/// A String as text for names of hosts and files; a NUL byte is an ArgumentError.
pub(crate) fn text(ruby: &Ruby, value: Value) -> Result<String, Error> {
    let string = RString::try_convert(value)?;
    let text = String::from_utf8(bytes(string))
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    if text.contains('\0') {
        return Err(errors::argument(
            ruby,
            format!("string contains null byte: {text:?}"),
        ));
    }
    Ok(text)
}

/// A String as a path, of any bytes but NUL.
pub(crate) fn path(ruby: &Ruby, value: Value) -> Result<PathBuf, Error> {
    let bytes = bytes(RString::try_convert(value)?);
    if bytes.contains(&0) {
        return Err(errors::argument(ruby, "string contains null byte"));
    }
    os_string(ruby, bytes).map(PathBuf::from)
}

/// The bytes of a path or an argument; an ArgumentError where the system takes no such ones.
pub(crate) fn os_string(ruby: &Ruby, bytes: Vec<u8>) -> Result<OsString, Error> {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    words::os_string(bytes).ok_or_else(|| errors::argument(ruby, format!("{text:?} is not UTF-8")))
}

/// As [`path`], for a Unix socket: a NUL byte at its beginning makes it an abstract name.
pub(crate) fn socket_path(ruby: &Ruby, value: Value) -> Result<PathBuf, Error> {
    let bytes = bytes(RString::try_convert(value)?);
    let is_abstract = cfg!(target_os = "linux") && bytes.len() > 1 && bytes[0] == 0;
    if bytes[usize::from(is_abstract)..].contains(&0) {
        return Err(errors::argument(ruby, "string contains null byte"));
    }
    os_string(ruby, bytes).map(PathBuf::from)
}

/// The open descriptor of that number, which an application hands to the loop.
pub(crate) fn descriptor(number: i32) -> em_reactor::Result<BorrowedDescriptor<'static>> {
    // SAFETY: its owner is to keep it open until the loop has let go of it, for which an IO is kept
    // with the connection. Where it does not, calls fail with EBADF, or reach what has the number
    // then, as they do in Ruby's own IO.
    unsafe { em_reactor::open_descriptor(descriptors::raw(number)) }
        .map_err(|error| naming(error, number))
}

/// An application knows the descriptor by this number, which on Windows is not the system's.
fn naming(error: em_reactor::Error, number: i32) -> em_reactor::Error {
    match error {
        em_reactor::Error::System { call, source, .. } => em_reactor::Error::System {
            call,
            subject: format!("descriptor {number}"),
            source,
        },
        other => other,
    }
}

/// A String of bytes (ASCII-8BIT).
pub(crate) fn binary(ruby: &Ruby, bytes: &[u8]) -> RString {
    ruby.str_from_slice(bytes)
}

/// Addresses as Ruby has them.
pub(crate) fn addresses(ruby: &Ruby, addresses: &[SocketAddr]) -> RArray {
    ruby.ary_from_iter(addresses.iter().map(address))
}

/// The address without its port, with its zone.
pub(crate) fn address(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    }
}
