//! Resolving a name in a thread of its own, so that the wait for it can be cut short.

use std::io;
use std::net::SocketAddr;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select_biased};

use crate::error::{Error, Result};
use crate::resolve::resolve;

/// A name that is being resolved. Dropped before its end, it leaves its thread to itself, since
/// getaddrinfo(3) cannot be interrupted.
#[derive(Debug)]
pub struct Lookup {
    host: String,
    answers: Receiver<Result<Vec<SocketAddr>>>,
    interrupts: Receiver<()>,
    interrupt: Interrupt,
}

/// Ends a [`Lookup::wait`] from any thread; one that comes early ends the next.
#[derive(Debug, Clone)]
pub struct Interrupt(Sender<()>);

impl Interrupt {
    /// Does so.
    pub fn send(&self) {
        // Where one is there already, that serves.
        let _ = self.0.try_send(());
    }
}

impl Lookup {
    /// Starts to resolve a name; see [`resolve`]. Fails where there can be no thread.
    pub fn start(host: &str, port: u16) -> Result<Self> {
        let (answer, answers) = bounded(1);
        let (interrupt, interrupts) = bounded(1);
        let name = host.to_owned();
        let body = move || {
            // Nobody may be waiting any more.
            let _ = answer.send(resolve(&name, port));
        };
        let thread = thread::Builder::new().name("em-resolver".to_owned());
        thread.spawn(body).map_err(|error| failed(host, &error))?;
        Ok(Self {
            host: host.to_owned(),
            answers,
            interrupts,
            interrupt: Interrupt(interrupt),
        })
    }

    /// What interrupts it.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Its thread has ended without an answer.
    fn lost(&self) -> Error {
        let ended = io::Error::other("it ended early");
        failed(&self.host, &ended)
    }

    /// Waits for the addresses; `None` where it was interrupted.
    pub fn wait(&self) -> Option<Result<Vec<SocketAddr>>> {
        select_biased! {
            recv(self.answers) -> answer => Some(answer.unwrap_or_else(|_| Err(self.lost()))),
            recv(self.interrupts) -> _ => None,
        }
    }
}

fn failed(host: &str, error: &io::Error) -> Error {
    Error::Resolve {
        host: host.to_owned(),
        reason: format!("no thread to resolve it in: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_waited_for() {
        let lookup = Lookup::start("localhost", 80).unwrap();
        let addresses = lookup.wait().unwrap().unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn a_wait_is_interrupted_once() {
        let (_answer, answers) = bounded(1);
        let (interrupt, interrupts) = bounded(1);
        let interrupt = Interrupt(interrupt);
        let host = String::new();
        let lookup = Lookup { host, answers, interrupts, interrupt };
        lookup.interrupt().send();
        lookup.interrupt().send();
        assert!(lookup.wait().is_none());
        assert!(lookup.interrupts.is_empty());
    }
}
