//! Names to addresses, while other Ruby threads run and signals are handled.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use em_reactor::{Error as Cause, Lookup, literal};
use magnus::prelude::*;
use magnus::{Error, Ruby};

use crate::sys::latch::{self, Latch};
use crate::sys::words;
use crate::{errors, instance, names};

/// The hosts file has it everywhere, so no name server is waited for (RFC 6761, 6.3).
const LOCAL_HOST: &str = "localhost";

/// The addresses of a host, or why there are none: `Stopped` where the loop's own thread asks, and
/// the loop is stopped before there is an answer.
pub(crate) fn addresses(
    ruby: &Ruby,
    host: &str,
    port: u16,
) -> Result<Result<Vec<SocketAddr>, Cause>, Error> {
    match literal(host, port) {
        Some(address) => Ok(Ok(vec![address])),
        None => addresses_of_name(ruby, host, port),
    }
}

/// As [`addresses`], of a host that is not written as an address.
pub(crate) fn addresses_of_name(
    ruby: &Ruby,
    host: &str,
    port: u16,
) -> Result<Result<Vec<SocketAddr>, Cause>, Error> {
    if host == LOCAL_HOST {
        return instance::look(ruby, |i| i.reactor.resolve_here(host, port));
    }
    let (near, far) = latch::pair().map_err(|error| shortage(ruby, &error))?;
    let lookup = match Lookup::start(host, port, move || drop(far)) {
        Ok(lookup) => lookup,
        Err(cause) => return Ok(Err(cause)),
    };
    if !is_loops_thread(ruby)? {
        return wait(ruby, &lookup, &near);
    }
    let waiting = near.try_clone().map_err(|error| shortage(ruby, &error))?;
    let number = instance::look(ruby, |i| i.lookups.hold(waiting))?;
    let found = wait(ruby, &lookup, &near);
    instance::peek(ruby, |i| i.lookups.release(number))?;
    found
}

/// The waits for names in which the loop's own thread is: several where fibers ask at once.
#[derive(Default)]
pub(crate) struct Lookups(Vec<(u64, Latch)>);

impl Lookups {
    fn hold(&mut self, waiting: Latch) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.0.push((number, waiting));
        number
    }

    fn release(&mut self, number: u64) {
        self.0.retain(|&(held, _)| held != number);
    }

    /// Ends all of them.
    pub(crate) fn interrupt(&mut self) {
        for (_, waiting) in self.0.drain(..) {
            waiting.open();
        }
    }
}

/// Waits until `done` is open, which either the answer or an interrupt brings about.
fn wait(
    ruby: &Ruby,
    lookup: &Lookup,
    done: &Latch,
) -> Result<Result<Vec<SocketAddr>, Cause>, Error> {
    done.wait(ruby)?;
    Ok(lookup.answer().unwrap_or(Err(Cause::Stopped)))
}

fn shortage(ruby: &Ruby, error: &std::io::Error) -> Error {
    let errno = error.raw_os_error().map_or(libc::EMFILE, words::errno);
    errors::system(ruby, errno, "socketpair(2) for a name's resolution")
}

/// Whether the calling thread is the one that runs the loop.
fn is_loops_thread(ruby: &Ruby) -> Result<bool, Error> {
    names::module(ruby)?.funcall("reactor_thread?", ())
}
