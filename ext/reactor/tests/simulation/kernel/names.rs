//! Addresses as the C library has them. All hosts are this one, so a port says all.

use libc::{c_int, sockaddr, sockaddr_in, socklen_t};

/// The port of an address of either family.
///
/// # Safety
///
/// `address` points to an address of its family.
pub unsafe fn port(address: *const sockaddr) -> u16 {
    // SAFETY: both families have the port at the same place.
    u16::from_be(unsafe { (*address.cast::<sockaddr_in>()).sin_port })
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
