//! The program's servers.

use em_reactor::Id;

use super::{Program, Server};

impl Program {
    pub(super) fn listen(&mut self) {
        if self.servers.len() >= 3 {
            return;
        }
        let Ok(id) = self.reactor.listen_tcp(([127, 0, 0, 1], 0).into()) else {
            return;
        };
        assert!(self.names.insert(id), "{id:?} is used again");
        let name = self.reactor.socket_name(id).expect("a name");
        let server = Server {
            fd: self.reactor.file_descriptor(id).expect("a number"),
            port: u16::from_be_bytes([name[2], name[3]]),
            secure: self.random.chance(200),
            bound: None,
            stopped: false,
            paused: false,
            limit: None,
            taken: (0, 0),
        };
        self.trace(|| format!("{id:?} listens at {}", server.port));
        self.servers.insert(id, server);
    }

    pub(super) fn change_server(&mut self) {
        let open = self.servers.iter().filter(|(_, server)| !server.stopped);
        let ids: Vec<Id> = open.map(|(id, _)| *id).collect();
        let Some(id) = self.random.pick(&ids) else {
            return self.listen();
        };
        let kind = self.random.below(5);
        let limit = self.random.below(6);
        let server = self.servers.get_mut(&id).expect("a server");
        match kind {
            0 => self.stop_server(id),
            1 | 2 => {
                server.limit = (limit > 0).then_some(limit);
                let limit = server.limit;
                self.trace(|| format!("{id:?} takes {limit:?}"));
                self.reactor
                    .set_connection_limit(id, limit)
                    .expect("a server");
            }
            _ => {
                server.paused ^= true;
                let paused = server.paused;
                self.trace(|| format!("{id:?} pauses: {paused}"));
                self.reactor.set_accepting(id, !paused).expect("a server");
            }
        }
    }

    pub(super) fn stop_server(&mut self, id: Id) {
        self.trace(|| format!("{id:?} stops"));
        let server = self.servers.get_mut(&id).expect("a server");
        server.stopped = true;
        if server.limit.take().is_some() {
            self.reactor
                .set_connection_limit(id, None)
                .expect("a server");
        }
        self.reactor.stop_listening(id).expect("a server");
    }
}
