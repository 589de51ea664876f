//! Resolving a name in a thread of its own, so that the wait for it can be given up.

use std::io;
use std::net::SocketAddr;
use std::thread;

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::error::{Error, Result};
use crate::resolve::resolve;

/// A name that is being resolved. One that is dropped before its end leaves its thread to itself,
/// since getaddrinfo(3) cannot be interrupted.
#[derive(Debug)]
pub struct Lookup {
    host: String,
    answers: Receiver<Result<Vec<SocketAddr>>>,
}

impl Lookup {
    /// Starts to resolve a name to its addresses, in the system's order of preference (RFC 6724),
    /// with this port. `done` is called in the other thread when that has ended.
    ///
    /// Fails where there can be no thread.
    pub fn start(host: &str, port: u16, done: impl FnOnce() + Send + 'static) -> Result<Self> {
        let (answer, answers) = bounded(1);
        let name = host.to_owned();
        let body = move || {
            // Nobody may be waiting any more.
            let _ = answer.send(resolve(&name, port));
            drop(answer);
            done();
        };
        let thread = thread::Builder::new().name("em-resolver".to_owned());
        thread.spawn(body).map_err(|error| failed(host, &error))?;
        let host = host.to_owned();
        Ok(Self { host, answers })
    }

    /// The addresses, or why there are none; `None` where that is not known yet.
    pub fn answer(&self) -> Option<Result<Vec<SocketAddr>>> {
        match self.answers.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                let ended = io::Error::other("its thread has ended");
                Some(Err(failed(&self.host, &ended)))
            }
        }
    }
}

fn failed(host: &str, error: &io::Error) -> Error {
    Error::Resolve {
        host: host.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_there_when_it_is_said_to_be() {
        let (told, done) = bounded(1);
        let lookup = Lookup::start("localhost", 80, move || told.send(()).unwrap()).unwrap();
        done.recv().unwrap();
        let addresses = lookup.answer().unwrap().unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        assert!(lookup.answer().unwrap().is_err());
    }
}
