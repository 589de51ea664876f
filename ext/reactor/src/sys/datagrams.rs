//! Several datagrams by one call, where the system has recvmmsg(2) and sendmmsg(2), and lets them
//! be used.

use std::io;

use socket2::{SockAddr, Socket};

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{Inbox, send};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use elsewhere::{Inbox, send};

/// The most that one call takes or sends.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BATCH: usize = 16;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::array;
    use std::ops::Range;
    use std::os::fd::AsRawFd;
    use std::ptr;

    use socket2::SockAddrStorage;

    use super::*;
    use crate::sys::io::receive_from;

    /// Room for the largest datagram, and one line of the cache more: at equal distances of a power
    /// of two they would all be in each other's way there.
    const ROOM: usize = 64 * 1024 + 64;

    /// Datagrams that were taken from a socket by one call.
    #[derive(Debug)]
    pub(crate) struct Inbox {
        memory: Vec<u8>,
        senders: [SockAddrStorage; BATCH],
        /// Of the senders' addresses and of the datagrams.
        lengths: [(libc::socklen_t, usize); BATCH],
        /// Those that nobody was given yet.
        waiting: Range<usize>,
    }

    impl Inbox {
        /// An empty one; its memory takes no place before it is used.
        pub(crate) fn new() -> Option<Box<Self>> {
            Some(Box::new(Self {
                memory: vec![0; BATCH * ROOM],
                senders: array::from_fn(|_| SockAddrStorage::zeroed()),
                lengths: [(0, 0); BATCH],
                waiting: 0..0,
            }))
        }

        /// Takes what is there, up to a batch: whether that was all.
        pub(crate) fn fill(&mut self, socket: &Socket) -> io::Result<bool> {
            self.clear();
            let mut slices = [EMPTY_SLICE; BATCH];
            let mut messages = [EMPTY_MESSAGE; BATCH];
            let rooms = self.memory.chunks_exact_mut(ROOM);
            let parts = messages.iter_mut().zip(&mut slices);
            for (((message, slice), sender), room) in parts.zip(&mut self.senders).zip(rooms) {
                slice.iov_base = room.as_mut_ptr().cast();
                slice.iov_len = ROOM;
                let length = size_of_val(sender) as _;
                describe(message, ptr::from_mut(sender).cast(), length, slice);
            }
            let fd = socket.as_raw_fd();
            // SAFETY: what the messages point to lives until after the call, and is as large as is
            // told.
            let taken = counted(unsafe {
                let flags = libc::MSG_DONTWAIT as _;
                libc::recvmmsg(
                    fd,
                    messages.as_mut_ptr(),
                    BATCH as _,
                    flags,
                    ptr::null_mut(),
                )
            });
            let count = match taken {
                Err(error) if may_be_forbidden(&error) => return self.take_one(socket),
                taken => taken?,
            };
            for (lengths, message) in self.lengths.iter_mut().zip(&messages).take(count) {
                *lengths = (message.msg_hdr.msg_namelen, message.msg_len as usize);
            }
            self.waiting = 0..count;
            Ok(count < BATCH)
        }

        /// Takes the first that is there: never all, for all that is known.
        fn take_one(&mut self, socket: &Socket) -> io::Result<bool> {
            let (length, sender) = receive_from(socket, &mut self.memory[..ROOM])?;
            self.lengths[0] = (sender.len(), length);
            self.senders[0] = sender.as_storage();
            self.waiting = 0..1;
            Ok(false)
        }

        /// Puts the next datagram at the start of `buffer`; its length and its sender.
        pub(crate) fn next(&mut self, buffer: &mut [u8]) -> Option<(usize, SockAddr)> {
            let index = self.waiting.next()?;
            let (name_length, length) = self.lengths[index];
            let length = length.min(buffer.len());
            let data = &self.memory[index * ROOM..][..length];
            buffer[..length].copy_from_slice(data);
            // SAFETY: the system wrote an address of that length, and there is no more to a storage
            // than its bytes.
            let sender =
                unsafe { SockAddr::new(ptr::from_ref(&self.senders[index]).read(), name_length) };
            Some((length, sender))
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.waiting.is_empty()
        }

        /// Forgets what is in it.
        pub(crate) fn clear(&mut self) {
            self.waiting = 0..0;
        }
    }

    /// Sends the first of these; how many. An error is one of the very first.
    pub(crate) fn send<'a>(
        socket: &Socket,
        datagrams: impl Iterator<Item = (&'a SockAddr, &'a [u8])>,
    ) -> io::Result<usize> {
        let mut slices = [EMPTY_SLICE; BATCH];
        let mut messages = [EMPTY_MESSAGE; BATCH];
        let mut count = 0;
        let mut first = None;
        for ((message, slice), (target, data)) in
            messages.iter_mut().zip(&mut slices).zip(datagrams)
        {
            slice.iov_base = data.as_ptr().cast_mut().cast();
            slice.iov_len = data.len();
            let (name, length) = match is_unnamed(target) {
                true => (ptr::null_mut(), 0),
                false => (target.as_ptr().cast_mut().cast(), target.len()),
            };
            describe(message, name, length, slice);
            first = first.or(Some((target, data)));
            count += 1;
        }
        let fd = socket.as_raw_fd();
        // SAFETY: all that the messages point to lives until after the call, which only reads it.
        let sent = counted(unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), count, 0) });
        match sent {
            Err(error) if may_be_forbidden(&error) => send_one(socket, first),
            sent => sent,
        }
    }

    /// What a sandbox answers that does not know these calls, and a packet filter, too.
    fn may_be_forbidden(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
    }

    const EMPTY_SLICE: libc::iovec = libc::iovec {
        iov_base: ptr::null_mut(),
        iov_len: 0,
    };

    // SAFETY: of numbers and pointers alone, for which zeros are what stands for nothing.
    const EMPTY_MESSAGE: libc::mmsghdr = unsafe { std::mem::zeroed() };

    /// Fills in whom a message is from or to, and where its bytes are.
    fn describe(
        message: &mut libc::mmsghdr,
        name: *mut libc::c_void,
        name_length: libc::socklen_t,
        slice: &mut libc::iovec,
    ) {
        message.msg_hdr.msg_name = name;
        message.msg_hdr.msg_namelen = name_length;
        message.msg_hdr.msg_iov = slice;
        message.msg_hdr.msg_iovlen = 1;
    }

    fn counted(result: libc::c_int) -> io::Result<usize> {
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use super::*;

    /// There is none: the type has no values.
    #[derive(Debug)]
    pub(crate) enum Inbox {}

    impl Inbox {
        pub(crate) fn new() -> Option<Box<Self>> {
            None
        }

        pub(crate) fn fill(&mut self, _socket: &Socket) -> io::Result<bool> {
            match *self {}
        }

        pub(crate) fn next(&mut self, _buffer: &mut [u8]) -> Option<(usize, SockAddr)> {
            match *self {}
        }

        pub(crate) fn is_empty(&self) -> bool {
            match *self {}
        }

        pub(crate) fn clear(&mut self) {
            match *self {}
        }
    }

    /// Sends the first of these.
    pub(crate) fn send<'a>(
        socket: &Socket,
        mut datagrams: impl Iterator<Item = (&'a SockAddr, &'a [u8])>,
    ) -> io::Result<usize> {
        send_one(socket, datagrams.next())
    }
}

fn send_one(socket: &Socket, datagram: Option<(&SockAddr, &[u8])>) -> io::Result<usize> {
    match datagram {
        Some((target, data)) if is_unnamed(target) => socket.send(data).map(|_| 1),
        Some((target, data)) => socket.send_to(data, target).map(|_| 1),
        None => Ok(0),
    }
}

/// Whether it is no more than a family: that of a Unix socket without a name, such as the other end
/// of a pair. What a socket sends to its peer then goes there without an address.
fn is_unnamed(address: &SockAddr) -> bool {
    address.len() as usize <= size_of_val(&address.family())
}
