//! What is to be raised in fibers: when their time is over, or when somebody else wants it.

use std::time::{Duration, Instant};

use magnus::{Error, Ruby};
use rb_sys::VALUE;

use super::slab::Tag;
use super::state::{ALARM, Alarm, End, Item, State};
use super::{Scheduler, bind, drain, switch};
use crate::errors;
use crate::own::Own;

/// Has an exception raised in the running fiber after a time, unless [`disarm`]ed.
pub(super) fn arm(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    after: Duration,
    exception: VALUE,
) -> Result<Tag, Error> {
    bind(ruby, scheduler)?;
    let mut state = scheduler.state();
    let fiber = switch::current(ruby);
    let top = state.top_of(fiber);
    let depth = state.shields.get(&top).copied().unwrap_or(0);
    let tag = state.alarms.insert(Alarm {
        fiber,
        top,
        exception,
        depth,
        timer: None,
    });
    let timer = state.engine.reactor(ruby, |reactor| {
        reactor.sleep(tag | ALARM, Instant::now(), after)
    });
    match timer {
        Ok(Ok(timer)) => {
            if let Some(alarm) = state.alarms.get_mut(tag) {
                alarm.timer = Some(timer);
            }
            Ok(tag)
        }
        failed => {
            state.alarms.remove(tag);
            failed?
                .map(|_| tag)
                .map_err(|error| errors::from(ruby, &error))
        }
    }
}

/// Takes an alarm back.
pub(super) fn disarm(ruby: &Ruby, scheduler: &Scheduler, tag: Tag) -> Result<(), Error> {
    let mut state = scheduler.state();
    let Some(alarm) = state.alarms.remove(tag) else {
        return Ok(());
    };
    state.forget_pending(alarm.top, tag);
    match alarm.timer {
        Some(timer) => state
            .engine
            .reactor(ruby, |reactor| reactor.cancel_wait(timer))
            .map(drop),
        None => Ok(()),
    }
}

/// An alarm's time has come.
pub(super) fn due(ruby: &Ruby, state: &mut State, tag: Tag) {
    if let Some(alarm) = state.alarms.get_mut(tag) {
        alarm.timer = None;
    }
    if let Some(item) = deliver(ruby, state, tag) {
        state.ready.push_back(item);
    }
}

/// Has an exception raised where a fiber waits, or one that it has resumed; at its next wait, where
/// it does not. A fiber that has yielded is resumed by it.
pub(super) fn interrupt(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    fiber: VALUE,
    exception: VALUE,
    now: bool,
) -> Result<(), Error> {
    if !switch::is_alive(ruby, fiber) {
        return Ok(());
    }
    let item = {
        let mut state = scheduler.state();
        let tag = state.alarms.insert(Alarm {
            fiber,
            top: fiber,
            exception,
            depth: 0,
            timer: None,
        });
        deliver(ruby, &mut state, tag)
    };
    let Some(item) = item else {
        return Ok(());
    };
    let within = scheduler.state().hub.is_some() && scheduler.is_bound_here(ruby);
    if now && within {
        return drain::after(ruby, &scheduler, item);
    }
    let mut state = scheduler.state();
    if now {
        state.urgent.push_front(item);
        drop(state);
        return drain::drain(ruby, scheduler, drain::Share::Urgent);
    }
    state.ready.push_back(item);
    state.engine.notify(ruby)
}

/// What is to run for an alarm; `None` where its fiber has to come to a wait first.
fn deliver(ruby: &Ruby, state: &mut State, tag: Tag) -> Option<Item> {
    let alarm = state.alarms.get(tag)?;
    let (fiber, top, exception) = (alarm.fiber, alarm.top, alarm.exception);
    let shielded = state.depth(top) > alarm.depth;
    let wait = state.wait_of(fiber).or_else(|| state.wait_of(top));
    let open = wait.filter(|&wait| !shielded && state.end(wait, End::Raised(exception)));
    if let Some(wait) = open {
        state.alarms.remove(tag);
        return Some(Item::Continue(wait));
    }
    let runs =
        state.hub.is_some() && (state.current == Some(top) || switch::current(ruby) == fiber);
    if shielded || wait.is_some() || runs || state.is_starting(fiber) {
        state.pending.entry(top).or_default().push(tag);
        return None;
    }
    state.alarms.remove(tag);
    Some(Item::Raise(fiber, exception))
}

/// What was to be raised in a fiber before it came to wait, and is due here.
pub(super) fn overdue(
    ruby: &Ruby,
    scheduler: &Scheduler,
    fiber: VALUE,
) -> Result<Option<VALUE>, Error> {
    let state = scheduler.state();
    if state.pending.is_empty() {
        return Ok(None);
    }
    let top = state.top_of(fiber);
    let depth = state.depth(top);
    let tags = state.pending.get(&top).cloned().unwrap_or_default();
    let is_due = |tag: &Tag| {
        state
            .alarms
            .get(*tag)
            .is_some_and(|alarm| alarm.depth >= depth)
    };
    let Some(tag) = tags.into_iter().find(is_due) else {
        return Ok(None);
    };
    let exception = state.alarms.get(tag).map(|alarm| alarm.exception);
    drop(state);
    disarm(ruby, scheduler, tag)?;
    Ok(exception)
}
