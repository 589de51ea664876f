//! Socket addresses as the system writes them.

use socket2::SockAddr;

/// The bytes of the `struct sockaddr`, as Ruby's `Socket.unpack_sockaddr_in` reads them.
pub(crate) fn bytes(address: &SockAddr) -> Vec<u8> {
    let length = address.len() as usize;
    // SAFETY: SockAddr holds a sockaddr_storage of which the first len() bytes are initialised, and
    // lives for the whole of this call.
    unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), length) }.to_vec()
}
