//! getsockopt(2) and setsockopt(2) for any level and option.

use std::io;

use crate::sys::handle::Handle;

/// The value of an option, as the bytes the system gives.
pub(crate) fn get(handle: &Handle, level: i32, option: i32) -> io::Result<Vec<u8>> {
    // The longest, that of TCP_INFO, has grown to 280 bytes.
    let mut value = [0u8; 512];
    let mut length = value.len() as libc::socklen_t;
    // SAFETY: value is writable for length bytes, and length for a socklen_t.
    let status = unsafe {
        libc::getsockopt(
            handle.raw(),
            level,
            option,
            value.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(value[..(length as usize).min(value.len())].to_vec())
}

/// Sets an option to the bytes of `value`.
pub(crate) fn set(handle: &Handle, level: i32, option: i32, value: &[u8]) -> io::Result<()> {
    // SAFETY: value is readable for the length given.
    let status = unsafe {
        libc::setsockopt(
            handle.raw(),
            level,
            option,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    if status != 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
