//! Callbacks, timed.

use std::time::{Duration, Instant};

use em_reactor::Event;
use magnus::error::ErrorType;
use magnus::{Error, Value};

use super::kind::Kind;
use super::{counts, with};
use crate::dispatch::Dispatcher;

/// Does what an event is for, and reports it if that took too long.
#[inline]
pub(crate) fn dispatch(
    dispatcher: &Dispatcher<'_>,
    event: &Event,
    buffer: &[u8],
) -> Result<(), Error> {
    match super::is_on() {
        false => dispatcher.dispatch(event, buffer),
        true => dispatch_timed(dispatcher, event, buffer),
    }
}

#[cold]
fn dispatch_timed(dispatcher: &Dispatcher<'_>, event: &Event, buffer: &[u8]) -> Result<(), Error> {
    let kind = Kind::from(event);
    // What is gone after the callback is looked for before.
    let before = match event {
        Event::TimerFired(_) | Event::Unbound { .. } => callee(dispatcher, event)?,
        _ => None,
    };
    if before.is_none() && matches!(event, Event::Unbound { .. }) {
        // A server's end is told nobody.
        return dispatcher.dispatch(event, buffer);
    }
    let start = Instant::now();
    let result = dispatcher.dispatch(event, buffer);
    let took = start.elapsed();
    if !count(kind, took) || is_jump(&result) {
        return result;
    }
    let callee = match before {
        Some(object) => Some(object),
        None => callee(dispatcher, event)?,
    };
    result.and(report(dispatcher, kind, callee, took))
}

/// As [`dispatch`], for what the loop calls besides.
pub(crate) fn timed<T: Into<Kind>>(
    dispatcher: &Dispatcher<'_>,
    kind: T,
    call: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    if !super::is_on() {
        return call();
    }
    let kind = kind.into();
    let start = Instant::now();
    let result = call();
    let took = start.elapsed();
    if !count(kind, took) || is_jump(&result) {
        return result;
    }
    result.and(report(dispatcher, kind, None, took))
}

/// Reports a fiber that took too long until it waited or ended: a task, or a fiber of another kind.
pub(crate) fn report_fiber(
    dispatcher: &Dispatcher<'_>,
    fiber: Value,
    took: Duration,
) -> Result<(), Error> {
    report(dispatcher, Kind::Fiber, Some(fiber), took)
}

/// Counts what a fiber took until it waited or ended; whether it is to be reported.
pub(crate) fn fiber_ran(took: Duration) -> bool {
    count(Kind::Fiber, took)
}

/// Counts a callback; whether it is to be reported.
pub(super) fn count(kind: Kind, took: Duration) -> bool {
    let counted = with(|meter| {
        if counts() {
            meter.count(kind, took);
        }
        took >= meter.limit
    });
    counted.unwrap_or(false)
}

fn report(
    dispatcher: &Dispatcher<'_>,
    kind: Kind,
    callee: Option<Value>,
    took: Duration,
) -> Result<(), Error> {
    let reported = dispatcher.report_slow(kind.name(), callee, took.as_secs_f64());
    reported.or_else(|error| dispatcher.handle(error))
}

/// What ends the thread, or is thrown, goes on its way: nothing of Ruby's is called before.
fn is_jump(result: &Result<(), Error>) -> bool {
    let error = result.as_ref().err();
    error.is_some_and(|error| matches!(error.error_type(), ErrorType::Jump(_)))
}

/// The timer or connection that is called.
fn callee(dispatcher: &Dispatcher<'_>, event: &Event) -> Result<Option<Value>, Error> {
    match *event {
        Event::TimerFired(id) => dispatcher.timer_object(id),
        Event::Resolved { .. } => Ok(None),
        Event::Accepted { id, .. }
        | Event::Connected(id)
        | Event::Data { id, .. }
        | Event::InputEnded(id)
        | Event::DescriptorsOffered(id)
        | Event::DescriptorReceived(id)
        | Event::OutboundFull(id)
        | Event::OutboundDrained(id)
        | Event::Readable(id)
        | Event::Writable(id)
        | Event::Urgent(id)
        | Event::ProxyTargetUnbound(id)
        | Event::ProxyCompleted(id)
        | Event::ProcessExited(id)
        | Event::FileChanged { id, .. }
        | Event::TlsEstablished(id)
        | Event::TlsChooseCertificate { id, .. }
        | Event::TlsPeerCertificate { id, .. }
        | Event::DatagramLost { id, .. }
        | Event::Unbound { id, .. } => dispatcher.object(id),
    }
}
