//! What the system says and is told, as Ruby has it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Ruby's number of an error.
#[inline(always)]
pub(crate) fn errno(code: i32) -> i32 {
    code
}

/// The bytes of a String as a path or an argument; none where they cannot be one.
pub(crate) fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    Some(OsString::from_vec(bytes))
}

/// How a process ended, as wait(2) puts it.
pub(crate) fn status(ended: ExitStatus) -> i32 {
    ended.into_raw()
}
