//! Which local address a datagram came to, and from which an answer goes: IP_PKTINFO of ip(7),
//! IPV6_PKTINFO of ipv6(7).

use std::net::IpAddr;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{ask, receive, send};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use elsewhere::{ask, receive, send};

/// Where a datagram came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// What it was sent to: one of the host's addresses, a group or a broadcast address.
    pub(crate) address: IpAddr,
    /// The number of the network interface that it came through.
    pub(crate) interface: u32,
    /// What answers go from, where the system is not to choose.
    pub(crate) source: Option<Source>,
}

/// What a datagram goes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    address: IpAddr,
    /// Zero for whatever the routes say.
    interface: u32,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::io;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::os::fd::AsRawFd;
    use std::ptr;

    use libc::{IPPROTO_IP, IPPROTO_IPV6, in_pktinfo, in6_addr, in6_pktinfo};
    use socket2::{Domain, SockAddr, SockAddrStorage, Socket};

    use super::*;
    use crate::sys::handle::Handle;
    use crate::sys::message::{self, counted, headers, message, slice};
    use crate::sys::sockopt;

    /// Room for what comes beside the bytes, which is more where the program has asked for more.
    type Control = message::Control<256>;

    /// Has the system tell of each datagram where it came in.
    pub(crate) fn ask(handle: &Handle) -> io::Result<()> {
        let (level, option) = match handle.attempt(Socket::local_addr)?.domain() {
            Domain::IPV4 => (IPPROTO_IP, libc::IP_PKTINFO),
            Domain::IPV6 => (IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
            _ => return Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT)),
        };
        sockopt::set(
            handle,
            level,
            option,
            &libc::c_int::from(true).to_ne_bytes(),
        )
    }

    /// Receives one datagram; its length, its sender, and where it came in.
    pub(crate) fn receive(
        socket: &Socket,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SockAddr, Option<Arrival>)> {
        let mut sender = SockAddrStorage::zeroed();
        let mut control = Control::new();
        let mut slice = slice(buffer);
        let mut message = message(&mut slice);
        message.msg_name = ptr::from_mut(&mut sender).cast();
        message.msg_namelen = size_of_val(&sender) as _;
        control.receive(&mut message);
        let fd = socket.as_raw_fd();
        // SAFETY: what the message points to is writable, as large as is told, and lives until
        // after the call.
        let count = counted(unsafe { libc::recvmsg(fd, &mut message, libc::MSG_DONTWAIT) })?;
        // SAFETY: the system has written headers to the control buffer, and their length.
        let arrival = unsafe { arrival(&message) };
        // SAFETY: the system wrote an address of that length.
        let sender = unsafe { SockAddr::new(sender, message.msg_namelen) };
        Ok((count, sender, arrival))
    }

    /// Sends one datagram.
    pub(crate) fn send(
        socket: &Socket,
        (target, data): (&SockAddr, &[u8]),
        source: Option<Source>,
    ) -> io::Result<usize> {
        let mut control = Control::new();
        let mut slice = libc::iovec {
            iov_base: data.as_ptr().cast_mut().cast(),
            iov_len: data.len(),
        };
        let mut message = message(&mut slice);
        message.msg_name = target.as_ptr().cast_mut().cast();
        message.msg_namelen = target.len();
        match source.map(|source| (source.address, source.interface)) {
            Some((IpAddr::V4(address), _)) => {
                let info = in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: u32::from(address).to_be(),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                // SAFETY: there is room for more than that.
                unsafe { control.send(&mut message, IPPROTO_IP, libc::IP_PKTINFO, info) };
            }
            Some((IpAddr::V6(address), interface)) => {
                let info = in6_pktinfo {
                    ipi6_addr: in6_addr {
                        s6_addr: address.octets(),
                    },
                    ipi6_ifindex: interface as _,
                };
                // SAFETY: as above.
                unsafe { control.send(&mut message, IPPROTO_IPV6, libc::IPV6_PKTINFO, info) };
            }
            None => {}
        }
        // SAFETY: what the message points to lives until after the call, which only reads it.
        counted(unsafe { libc::sendmsg(socket.as_raw_fd(), &message, 0) })?;
        Ok(1)
    }

    /// # Safety
    ///
    /// The message's control buffer holds what recvmsg(2) has written there.
    unsafe fn arrival(message: &libc::msghdr) -> Option<Arrival> {
        // SAFETY: the headers are those of the system, and what comes with them is what they say.
        unsafe {
            headers(message).find_map(|header| {
                let data = libc::CMSG_DATA(header);
                match ((*header).cmsg_level, (*header).cmsg_type) {
                    (IPPROTO_IP, libc::IP_PKTINFO) => {
                        Some(of_v4(&ptr::read_unaligned(data.cast())))
                    }
                    (IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                        Some(of_v6(&ptr::read_unaligned(data.cast())))
                    }
                    _ => None,
                }
            })
        }
    }

    fn of_v4(info: &in_pktinfo) -> Arrival {
        let address = |raw: libc::in_addr| Ipv4Addr::from(u32::from_be(raw.s_addr));
        // For a group, the address of the interface.
        let own = address(info.ipi_spec_dst);
        Arrival {
            address: address(info.ipi_addr).into(),
            interface: info.ipi_ifindex as u32,
            source: (!own.is_unspecified()).then_some(Source {
                address: own.into(),
                interface: 0,
            }),
        }
    }

    fn of_v6(info: &in6_pktinfo) -> Arrival {
        let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
        #[allow(clippy::unnecessary_cast, reason = "a signed number on Android")]
        let interface = info.ipi6_ifindex as u32;
        let is_link_local = address.is_unicast_link_local();
        Arrival {
            address: address.into(),
            interface,
            source: (!is_group(address)).then_some(Source {
                address: address.into(),
                interface: if is_link_local { interface } else { 0 },
            }),
        }
    }

    /// Also one of IPv4, as IPv6 sockets see it.
    fn is_group(address: Ipv6Addr) -> bool {
        let mapped = address.to_ipv4_mapped();
        mapped.map_or(address.is_multicast(), |v4| {
            v4.is_multicast() || v4.is_broadcast()
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use std::io;

    use socket2::{SockAddr, Socket};

    use super::*;
    use crate::sys::handle::Handle;
    use crate::sys::io::receive_from;

    /// Unsupported.
    pub(crate) fn ask(_handle: &Handle) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Receives one datagram.
    pub(crate) fn receive(
        socket: &Socket,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SockAddr, Option<Arrival>)> {
        receive_from(socket, buffer).map(|(length, sender)| (length, sender, None))
    }

    /// Sends one datagram.
    pub(crate) fn send(
        socket: &Socket,
        (target, data): (&SockAddr, &[u8]),
        _source: Option<Source>,
    ) -> io::Result<usize> {
        socket.send_to(data, target).map(|_| 1)
    }
}
