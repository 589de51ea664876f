//! What the loop has to look after, counted by kind.

use super::Reactor;
use crate::base::Phase;
use crate::descriptor::{Descriptor, Kind};
use crate::turn::Traffic;

/// How many there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections that came in through a listener.
    pub accepted: usize,
    /// Connections that are being made.
    pub connecting: usize,
    /// Connections that were made.
    pub connected: usize,
    /// Descriptors that were taken over as connections.
    pub attached: usize,
    /// Connections to child processes.
    pub children: usize,
    /// Datagram sockets.
    pub datagrams: usize,
    /// Descriptors that are only watched.
    pub watches: usize,
    /// Watched processes.
    pub processes: usize,
    /// Watched files.
    pub files: usize,
    /// Listeners.
    pub servers: usize,
    /// Timers that are to fire.
    pub timers: usize,
    /// Bytes that wait to be written.
    pub outbound: usize,
}

impl Reactor {
    /// Counts what there is. It looks at each descriptor.
    pub fn census(&self) -> Census {
        let mut census = Census {
            files: self.files.len(),
            timers: self.timers.len(),
            ..Census::default()
        };
        for id in self.descriptors.ids() {
            if let Some(descriptor) = self.descriptors.get(id) {
                census.outbound += descriptor.outbound_len();
                *census.count_of(descriptor) += 1;
            }
        }
        census
    }

    /// How many bytes came and went.
    pub fn traffic(&self) -> Traffic {
        self.turn.traffic
    }
}

impl Census {
    fn count_of(&mut self, descriptor: &Descriptor) -> &mut usize {
        let base = &descriptor.base;
        let Some(stream) = descriptor.as_stream() else {
            return match descriptor.kind {
                Kind::Listener(_) => &mut self.servers,
                Kind::Datagram(_) => &mut self.datagrams,
                Kind::Process => &mut self.processes,
                Kind::Watch(_) | Kind::Stream(_) => &mut self.watches,
            };
        };
        if matches!(base.phase, Phase::Connecting { .. }) {
            &mut self.connecting
        } else if stream.listener().is_some() {
            &mut self.accepted
        } else if stream.has_child() {
            &mut self.children
        } else if base.handle.is_owned() {
            &mut self.connected
        } else {
            &mut self.attached
        }
    }
}
