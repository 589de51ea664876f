//! Addresses as the C library has them. All hosts are this one, so a port says all.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::{c_int, sockaddr, sockaddr_in, sockaddr_un, socklen_t};

/// The port of an address of either family.
///
/// # Safety
///
/// `address` points to an address of its family.
pub unsafe fn port(address: *const sockaddr) -> u16 {
    // SAFETY: both families have the port at the same place.
    u16::from_be(unsafe { (*address.cast::<sockaddr_in>()).sin_port })
}

/// The path of a Unix-domain address; `None` of one of another family.
///
/// # Safety
///
/// `address` points to an address of its family, of that length.
pub unsafe fn path<'a>(address: *const sockaddr, length: socklen_t) -> Option<&'a Path> {
    // SAFETY: as the caller says.
    let family = unsafe { (*address).sa_family };
    if c_int::from(family) != libc::AF_UNIX {
        return None;
    }
    let before = std::mem::offset_of!(sockaddr_un, sun_path);
    // SAFETY: the path is all that follows.
    let bytes = unsafe {
        let first: *const u8 = address.cast::<u8>().add(before);
        std::slice::from_raw_parts(first, length as usize - before)
    };
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    Some(Path::new(OsStr::from_bytes(bytes)))
}

/// Writes the address of a Unix-domain socket without a name to where a call is to put one.
///
/// # Safety
///
/// As of [`give`].
pub unsafe fn give_local(address: *mut sockaddr, length: *mut socklen_t) -> c_int {
    if !address.is_null() {
        // SAFETY: as the caller says.
        unsafe {
            (*address).sa_family = libc::AF_UNIX as libc::sa_family_t;
            *length = size_of::<libc::sa_family_t>() as socklen_t;
        }
    }
    0
}

/// Writes 127.0.0.1 and a port to where a call is to put an address.
///
/// # Safety
///
/// `address` is null, or has room for `*length` bytes.
pub unsafe fn give(address: *mut sockaddr, length: *mut socklen_t, port: u16) -> c_int {
    if address.is_null() {
        return 0;
    }
    let name = sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes([127, 0, 0, 1]),
        },
        sin_zero: [0; 8],
    };
    // SAFETY: as the caller says; callers give a sockaddr_storage.
    unsafe {
        address.cast::<sockaddr_in>().write_unaligned(name);
        *length = size_of::<sockaddr_in>() as socklen_t;
    }
    0
}
