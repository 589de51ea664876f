//! getsockopt(2) and setsockopt(2) for any level and option.

use std::io;

use windows_sys::Win32::Networking::WinSock::{SOCKET, getsockopt, setsockopt};

use crate::sys::handle::Handle;

/// The value of an option, as the bytes the system gives. A flag is an int, as it is set, though
/// the system may give a byte of it.
pub(crate) fn get(handle: &Handle, level: i32, option: i32) -> io::Result<Vec<u8>> {
    let mut value = [0u8; 128];
    let mut length = value.len() as i32;
    // SAFETY: value is writable for length bytes, and length for an int.
    let status = unsafe {
        getsockopt(
            handle.raw() as SOCKET,
            level,
            option,
            value.as_mut_ptr(),
            &mut length,
        )
    };
    check(status)?;
    Ok(value[..(length as usize).clamp(size_of::<i32>(), value.len())].to_vec())
}

/// Sets an option to the bytes of `value`.
pub(crate) fn set(handle: &Handle, level: i32, option: i32, value: &[u8]) -> io::Result<()> {
    // SAFETY: value is readable for the length given.
    let status = unsafe {
        setsockopt(
            handle.raw() as SOCKET,
            level,
            option,
            value.as_ptr(),
            value.len() as i32,
        )
    };
    check(status)
}

fn check(status: i32) -> io::Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
