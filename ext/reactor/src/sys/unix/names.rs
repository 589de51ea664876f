//! getaddrinfo(3) with a choice of the family, which the standard library does not offer.

use std::ffi::{CStr, CString};
use std::io;
use std::net::SocketAddr;
use std::ptr::{self, NonNull};

use socket2::{SockAddr, SockAddrStorage};

use crate::sys::family::Family;

/// The addresses of a host, of one family or of all, in the system's order; or the resolver's words
/// for why there are none.
pub(crate) fn look_up(host: &str, family: Family) -> Result<Vec<SocketAddr>, String> {
    let host = CString::new(host).map_err(|_| "a name with a null byte".to_owned())?;
    // SAFETY: an all-zero addrinfo is a valid value of that plain C struct.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_family = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    let mut found = ptr::null_mut();
    // SAFETY: the name ends with a null byte, and all pointers are valid for the call.
    let status = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut found) };
    if status != 0 {
        return Err(words(status));
    }
    Ok(Found(found).addresses())
}

/// A list of the resolver's, freed when dropped.
struct Found(*mut libc::addrinfo);

impl Found {
    fn addresses(&self) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        let mut next = NonNull::new(self.0);
        while let Some(entry) = next {
            // SAFETY: an entry of the list is valid until that is freed, which is when self is
            // dropped.
            let entry = unsafe { entry.as_ref() };
            let address = socket_address(entry).filter(|address| !addresses.contains(address));
            addresses.extend(address);
            next = NonNull::new(entry.ai_next);
        }
        addresses
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the list came from getaddrinfo, and nothing refers to it any more.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

fn socket_address(entry: &libc::addrinfo) -> Option<SocketAddr> {
    let mut storage = SockAddrStorage::zeroed();
    let length = entry.ai_addrlen as usize;
    if entry.ai_addr.is_null() || length > size_of::<SockAddrStorage>() {
        return None;
    }
    let target = ptr::from_mut(&mut storage).cast::<u8>();
    // SAFETY: the entry's address is length bytes, which fit the storage; they do not overlap.
    unsafe { ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), target, length) };
    // SAFETY: the storage holds an address of that length, as the system wrote it.
    unsafe { SockAddr::new(storage, entry.ai_addrlen) }.as_socket()
}

fn words(status: i32) -> String {
    if status == libc::EAI_SYSTEM {
        return crate::error::describe(&io::Error::last_os_error());
    }
    // SAFETY: gai_strerror gives a static string, ended by a null byte, for any number.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(status)) };
    text.to_string_lossy().into_owned()
}
