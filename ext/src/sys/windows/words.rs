//! What the system says and is told, as Ruby has it.

use std::ffi::{OsString, c_int};
use std::process::ExitStatus;

// See ruby/win32.h.
unsafe extern "C" {
    fn rb_w32_map_errno(code: u32) -> c_int;
}

/// Ruby's number of an error: sockets have their own, the rest those of the C library.
pub(crate) fn errno(code: i32) -> i32 {
    // SAFETY: it looks the number up in a table.
    unsafe { rb_w32_map_errno(code as u32) }
}

/// The bytes of a String as a path or an argument; none where they are not UTF-8.
pub(crate) fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

/// How a process ended, as Ruby's Process.wait puts it.
pub(crate) fn status(ended: ExitStatus) -> i32 {
    ended.code().unwrap_or(-1) << 8
}
