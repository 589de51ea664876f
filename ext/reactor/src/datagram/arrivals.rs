//! Where datagrams came in, for sockets whose owner wants to know.

use std::collections::VecDeque;
use std::io;

use socket2::{SockAddr, Socket};

use super::Datagram;
use crate::outbox::Outbox;
use crate::sys::arrival::{self, Arrival, Source};
use crate::sys::handle::Handle;

/// What such a socket has beside the others. It takes and sends datagrams one by one.
#[derive(Debug)]
pub(super) struct Arrivals {
    last: Option<Arrival>,
    /// What the datagrams that wait go from.
    sources: VecDeque<Option<Source>>,
}

impl Datagram {
    /// Has the system tell of each datagram where it came in.
    pub(crate) fn ask_for_arrivals(&mut self, handle: &Handle) -> io::Result<()> {
        arrival::ask(handle)?;
        let waiting = self.outbound.len();
        self.arrivals.get_or_insert_with(|| {
            Box::new(Arrivals {
                last: None,
                sources: std::iter::repeat_n(None, waiting).collect(),
            })
        });
        Ok(())
    }

    /// Where the last datagram came in.
    pub(crate) fn arrival(&self) -> Option<Arrival> {
        self.arrivals.as_ref()?.last
    }
}

impl Arrivals {
    pub(super) fn receive(
        &mut self,
        socket: &Socket,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SockAddr)> {
        let (length, sender, arrival) = arrival::receive(socket, buffer)?;
        self.last = arrival;
        Ok((length, sender))
    }

    /// One more datagram waits: an answer goes from where the question came to.
    pub(super) fn queued(&mut self, is_answer: bool) {
        let answered = self.last.filter(|_| is_answer);
        self.sources
            .push_back(answered.and_then(|arrival| arrival.source));
    }

    /// Sends the first that waits; how many.
    pub(super) fn send(&self, socket: &Socket, outbound: &Outbox) -> io::Result<usize> {
        let source = self.sources.front().copied().flatten();
        match outbound.iter().next() {
            Some(datagram) => arrival::send(socket, datagram, source),
            None => Ok(0),
        }
    }

    pub(super) fn drop_first(&mut self, count: usize) {
        self.sources.drain(..count);
    }
}
