//! Waiting, from the beginning to the end: for descriptors, times and other fibers.
//!
//! What is on the stack while a fiber waits stays there: how a wait begins and ends is in functions
//! of their own, so that as little as possible is.

use std::time::{Duration, Instant};

use em_reactor::{Begun, BorrowedDescriptor, Id, Interest, Outcome};
use magnus::prelude::*;
use magnus::rb_sys::FromRawValue;
use magnus::{Error, Exception, ExceptionClass, Ruby};
use rb_sys::VALUE;

use super::slab::Tag;
use super::state::{ALARM, End, Kind};
use super::{Scheduler, alarms, drain, switch};
use crate::errors;
use crate::own::Own;
use crate::sys::descriptors;

/// A descriptor, what it is waited for, and which open file it stands for.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) fd: i32,
    pub(super) interest: Interest,
    pub(super) identity: Option<u64>,
}

/// Waits until a descriptor is ready; nothing where time is over first.
pub(super) fn descriptor(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    target: Target,
    timeout: Option<Duration>,
) -> Result<Interest, Error> {
    let Some((tag, id)) = begin_descriptor(ruby, scheduler, target, timeout)? else {
        return Ok(target.interest);
    };
    match finish(ruby, &scheduler, tag, Some(id))? {
        End::Ready(ready) => Ok(ready),
        End::TimedOut => Ok(Interest::NONE),
        _ => Err(closed(ruby)),
    }
}

/// Nothing where the descriptor is ready.
#[inline(never)]
fn begin_descriptor(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    target: Target,
    timeout: Option<Duration>,
) -> Result<Option<(Tag, Id)>, Error> {
    let fiber = enter(ruby, scheduler)?;
    let limit = timeout.map(|timeout| (Instant::now(), timeout));
    let (tag, begun) = {
        let mut state = scheduler.state();
        let tag = state.add(fiber, Kind::Descriptor);
        let Target {
            fd,
            interest,
            identity,
        } = target;
        let begun = state.engine.reactor(ruby, |r| {
            r.wait(borrowed(fd), interest, identity, tag, limit)
        });
        if !matches!(begun, Ok(Ok(Begun::Waiting(_)))) {
            state.remove(tag);
        }
        (tag, begun)
    };
    match begun?.map_err(|error| errors::from(ruby, &error))? {
        Begun::Ready => Ok(None),
        Begun::Waiting(id) => Ok(Some((tag, id))),
    }
}

/// Waits until one of some descriptors is ready; false where time is over first.
pub(super) fn any(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    targets: &[Target],
    timeout: Option<Duration>,
) -> Result<bool, Error> {
    let fiber = enter(ruby, scheduler)?;
    let mut ids = Vec::new();
    let (tag, begun) = {
        let mut state = scheduler.state();
        let tag = state.add(fiber, Kind::Descriptor);
        let begun = state.engine.reactor(ruby, |reactor| {
            if let Some(timeout) = timeout {
                ids.push(reactor.sleep(tag, Instant::now(), timeout)?);
            }
            for target in targets {
                match reactor.wait(
                    borrowed(target.fd),
                    target.interest,
                    target.identity,
                    tag,
                    None,
                )? {
                    Begun::Ready => return Ok(false),
                    Begun::Waiting(id) => ids.push(id),
                }
            }
            Ok(true)
        });
        (tag, begun)
    };
    let waits = match begun {
        Ok(begun) => begun.map_err(|error| errors::from(ruby, &error)),
        Err(error) => Err(error),
    };
    let end = match waits {
        Ok(true) => drain::suspend(ruby, &scheduler, tag),
        Ok(false) => Ok(End::Woken),
        Err(error) => Err(error),
    };
    let mut state = scheduler.state();
    state.remove(tag);
    state.engine.reactor(ruby, |reactor| {
        for id in ids {
            reactor.cancel_wait(id);
        }
    })?;
    drop(state);
    match end? {
        End::TimedOut => Ok(false),
        End::Raised(exception) => Err(raised(exception)),
        End::Closed => Err(closed(ruby)),
        End::Ready(_) | End::Woken => Ok(true),
    }
}

/// Waits until the fiber is unblocked, or time is over; false then.
pub(super) fn park(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    kind: Kind,
    timeout: Option<Duration>,
) -> Result<bool, Error> {
    let (tag, timer) = begin_park(ruby, scheduler, kind, timeout)?;
    let end = finish(ruby, &scheduler, tag, timer)?;
    Ok(!matches!(end, End::TimedOut))
}

#[inline(never)]
fn begin_park(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    kind: Kind,
    timeout: Option<Duration>,
) -> Result<(Tag, Option<Id>), Error> {
    let fiber = enter(ruby, scheduler)?;
    let (tag, timer) = {
        let mut state = scheduler.state();
        let tag = state.add(fiber, kind);
        let timer = match timeout {
            // It is its turn again when the others have had theirs.
            Some(Duration::ZERO) => {
                state.wake_later(tag, End::TimedOut);
                state.engine.notify(ruby).map(|()| Ok(None))
            }
            Some(timeout) => state.engine.reactor(ruby, |reactor| {
                reactor.sleep(tag, Instant::now(), timeout).map(Some)
            }),
            None => Ok(Ok(None)),
        };
        if !matches!(timer, Ok(Ok(_))) {
            state.remove(tag);
        }
        (tag, timer)
    };
    let timer = timer?.map_err(|error| errors::from(ruby, &error))?;
    Ok((tag, timer))
}

/// Waits until a process has ended.
pub(super) fn exit(ruby: &Ruby, scheduler: Own<Scheduler>, pid: i32) -> Result<(), Error> {
    let (tag, id) = begin_exit(ruby, scheduler, pid)?;
    finish(ruby, &scheduler, tag, Some(id)).map(drop)
}

#[inline(never)]
fn begin_exit(ruby: &Ruby, scheduler: Own<Scheduler>, pid: i32) -> Result<(Tag, Id), Error> {
    let fiber = enter(ruby, scheduler)?;
    let (tag, begun) = {
        let mut state = scheduler.state();
        let tag = state.add(fiber, Kind::Exit);
        let begun = state
            .engine
            .reactor(ruby, |reactor| reactor.wait_for_exit(pid, tag));
        if !matches!(begun, Ok(Ok(_))) {
            state.remove(tag);
        }
        (tag, begun)
    };
    let id = begun?.map_err(|error| errors::from(ruby, &error))?;
    Ok((tag, id))
}

/// The fiber that is to wait, by a scheduler that is bound to its thread. What was to be raised in
/// it by now is raised here.
fn enter(ruby: &Ruby, scheduler: Own<Scheduler>) -> Result<VALUE, Error> {
    let fiber = switch::current(ruby);
    match alarms::overdue(ruby, &scheduler, fiber)? {
        Some(exception) => Err(raised(exception)),
        None => Ok(fiber),
    }
}

/// Waits, and leaves nothing of the wait behind, however it ends.
fn finish(ruby: &Ruby, scheduler: &Scheduler, tag: Tag, id: Option<Id>) -> Result<End, Error> {
    let end = drain::suspend(ruby, scheduler, tag);
    over(ruby, scheduler, id, end)
}

#[inline(never)]
fn over(
    ruby: &Ruby,
    scheduler: &Scheduler,
    id: Option<Id>,
    end: Result<End, Error>,
) -> Result<End, Error> {
    let told = matches!(end, Ok(End::Ready(_) | End::TimedOut | End::Closed));
    if let (Some(id), false) = (id, told) {
        let mut state = scheduler.state();
        state
            .engine
            .reactor(ruby, |reactor| reactor.cancel_wait(id))?;
    }
    match end? {
        End::Raised(exception) => Err(raised(exception)),
        end => Ok(end),
    }
}

/// Takes the waits that are over from the reactor: their fibers are to run.
pub(super) fn collect(ruby: &Ruby, scheduler: &Scheduler) -> Result<(), Error> {
    let mut state = scheduler.state();
    let state = &mut *state;
    state.now = Some(state.engine.reactor(ruby, |reactor| reactor.now())?);
    while let Some((tag, outcome)) = state.engine.reactor(ruby, |r| r.next_woken())? {
        if tag & ALARM != 0 {
            alarms::due(ruby, state, tag & !ALARM);
            continue;
        }
        let end = match outcome {
            Outcome::Ready(interest) => End::Ready(interest),
            Outcome::TimedOut => End::TimedOut,
            _ => End::Closed,
        };
        state.wake(tag, end);
    }
    Ok(())
}

pub(super) fn raised(exception: VALUE) -> Error {
    // SAFETY: the scheduler marked it until now, and the stack does from here on.
    let value = unsafe { magnus::Value::from_raw(exception) };
    match Exception::from_value(value) {
        Some(exception) => exception.into(),
        None => Error::new(
            // SAFETY: this is called with the GVL.
            unsafe { Ruby::get_unchecked() }.exception_type_error(),
            "exception object expected",
        ),
    }
}

fn closed(ruby: &Ruby) -> Error {
    let class = ruby
        .class_object()
        .const_get::<_, ExceptionClass>("IOError");
    match class {
        Ok(class) => Error::new(class, "stream closed in another thread"),
        Err(error) => error,
    }
}

/// What an IO that is waited for has told to be its descriptor.
fn borrowed(fd: i32) -> BorrowedDescriptor<'static> {
    // SAFETY: an open IO's is a descriptor. The IO is kept by who waits, and tells where it is
    // closed; where its descriptor is closed behind its back, the system refuses it.
    unsafe { descriptors::borrow(fd) }
}
