//! Two sockets that are connected to each other: Windows has no socketpair(2).

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::windows::io::{AsRawHandle, AsRawSocket, FromRawSocket, OwnedHandle, OwnedSocket};

use socket2::{Domain, Socket, Type};
use windows_sys::Win32::Foundation::{FALSE, HANDLE};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, FD_CLOSE, INVALID_SOCKET, SOCK_STREAM, SOCKET, WSA_FLAG_NO_HANDLE_INHERIT,
    WSACloseEvent, WSACreateEvent, WSAEventSelect, WSASocketW,
};
use windows_sys::Win32::System::Threading::{INFINITE, WaitForMultipleObjects};

/// The first never blocks. The second is one that programs take for a file, as their standard
/// input or output: it is not overlapped.
pub(crate) fn connected() -> io::Result<(Socket, OwnedSocket)> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?;
    listener.listen(1)?;
    let far = plain()?;
    far.connect(&listener.local_addr()?)?;
    let expected = far.local_addr()?.as_socket();
    loop {
        let (near, peer) = listener.accept()?;
        // Any program may connect there.
        if peer.as_socket() == expected {
            near.set_nonblocking(true)?;
            near.set_tcp_nodelay(true)?;
            far.set_tcp_nodelay(true)?;
            return Ok((near, far.into()));
        }
    }
}

fn plain() -> io::Result<Socket> {
    let (family, kind) = (i32::from(AF_INET), SOCK_STREAM);
    // SAFETY: it takes numbers, and null for no protocol of its own.
    let socket = unsafe {
        WSASocketW(
            family,
            kind,
            0,
            std::ptr::null(),
            0,
            WSA_FLAG_NO_HANDLE_INHERIT,
        )
    };
    if socket == INVALID_SOCKET {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: WSASocketW just returned it, and nobody else has it.
    Ok(unsafe { Socket::from_raw_socket(socket as _) })
}

/// Holds a socket until a process has ended, or its peer is closed.
pub(crate) fn until_closed(socket: OwnedSocket, process: &OwnedHandle) {
    // SAFETY: it takes nothing. The event is closed below; where there is none, the calls fail.
    let event = unsafe { WSACreateEvent() };
    let handles = [process.as_raw_handle(), event as HANDLE];
    // SAFETY: all of them are open, and the array is as long as it says.
    unsafe {
        if WSAEventSelect(socket.as_raw_socket() as SOCKET, event, FD_CLOSE as i32) == 0 {
            WaitForMultipleObjects(2, handles.as_ptr(), FALSE, INFINITE);
        }
        WSACloseEvent(event);
    }
}
