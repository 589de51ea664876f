//! The user that the process runs as.

use std::ffi::CString;
use std::io;

use crate::error::{Error, Result};

/// Room for one entry of the user database; those that need more are refused with ERANGE.
const ENTRY_SIZE: usize = 64 * 1024;

/// Becomes the user of that name for good, in all threads. See setuid(2).
pub fn become_user(name: &str) -> Result<()> {
    let id = user_id(name)?.ok_or_else(|| Error::UnknownUser(name.to_owned()))?;
    // SAFETY: setuid takes no pointers.
    match unsafe { libc::setuid(id) } {
        0 => Ok(()),
        _ => Err(Error::system(
            "setuid",
            format!("user {name}"),
            io::Error::last_os_error(),
        )),
    }
}

fn user_id(name: &str) -> Result<Option<libc::uid_t>> {
    let Ok(c_name) = CString::new(name) else {
        return Ok(None);
    };
    // SAFETY: an all-zero passwd is a valid value of that plain C struct.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut buffer = vec![0; ENTRY_SIZE];
    let mut found = std::ptr::null_mut();
    // SAFETY: the name ends in NUL, and the other pointers are writable for what is said of them.
    let status = unsafe {
        libc::getpwnam_r(
            c_name.as_ptr(),
            &mut entry,
            buffer.as_mut_ptr(),
            buffer.len(),
            &mut found,
        )
    };
    match status {
        0 => Ok((!found.is_null()).then_some(entry.pw_uid)),
        error => {
            let error = io::Error::from_raw_os_error(error);
            Err(Error::system("getpwnam", format!("user {name}"), error))
        }
    }
}
