//! How the program comes by connections.

use std::net::{Ipv6Addr, SocketAddr};

use super::Program;
use crate::kernel::{self, outside_ports};

impl Program {
    pub(super) fn connect(&mut self) {
        let secure: Vec<u16> = self.ports(true);
        if let Some(port) = self
            .random
            .pick(&secure)
            .filter(|_| self.random.chance(300))
        {
            return self.connect_securely(port);
        }
        let mut ports = self.ports(false);
        ports.extend(outside_ports());
        let address = |(index, port)| match index % 2 {
            0 => SocketAddr::from(([127, 0, 0, 1], port)),
            _ => SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        };
        let count = [1, 1, 1, 2, 4][self.random.below(5)];
        let chosen: Vec<u16> = (0..count)
            .filter_map(|_| self.random.pick(&ports))
            .collect();
        let addresses: Vec<_> = chosen.into_iter().enumerate().map(address).collect();
        let result = self.reactor.connect_tcp(&addresses, None);
        self.trace(|| format!("connect to {addresses:?}: {result:?}"));
        if let Ok(id) = result {
            let index = self.add_conn(id);
            let is_answered = |address: &SocketAddr| address.port() == outside_ports()[0];
            self.conns[index].is_answered = addresses.iter().any(is_answered);
        }
    }

    pub(super) fn connect_securely(&mut self, port: u16) {
        let result = self
            .reactor
            .connect_tcp(&[([127, 0, 0, 1], port).into()], None);
        self.trace(|| format!("connect to {port} with TLS: {result:?}"));
        if let Ok(id) = result {
            let index = self.add_conn(id);
            self.secure(index, false);
        }
    }

    /// Where the servers listen that are under TLS, or those that are not.
    pub(super) fn ports(&self, secure: bool) -> Vec<u16> {
        let servers = self
            .servers
            .values()
            .filter(|server| server.secure == secure && server.bound.is_none());
        servers.map(|server| server.port).collect()
    }

    /// What the kernel knows the servers with a path by.
    pub(super) fn local_ports(&self) -> Vec<u16> {
        let servers = self.servers.values();
        let local = servers.filter(|server| server.bound.is_some());
        local.map(|server| server.port).collect()
    }

    pub(super) fn attach(&mut self) {
        if let Ok(fd) = kernel::with(|kernel| kernel.pair()) {
            self.attach_pair(fd);
        }
    }

    /// Attaches a socket, whose peer is somebody outside.
    pub(super) fn attach_pair(&mut self, fd: i32) {
        let (link, side) = kernel::with(|kernel| kernel.end_of(fd)).expect("a link");
        match self.reactor.attach(kernel::borrowed(fd)) {
            Ok(id) => {
                let index = self.add_conn(id);
                self.conns[index].attached = true;
                self.note_link(index);
                self.outside.push((link, 1 - side));
                self.trace(|| format!("attach of link {link}: {id:?}"));
            }
            Err(_) => {
                self.close_descriptor(fd);
                kernel::with(|kernel| kernel.close_end(link, 1));
            }
        }
    }

    pub(super) fn close_descriptor(&mut self, fd: i32) {
        self.trace(|| format!("close of {fd}"));
        kernel::with(|kernel| kernel.close(fd)).expect("an open descriptor");
    }
}
