//! Running fibers: what is ready, by drain fibers, which the loop goes to and comes back from.
//!
//! A drain fiber *resumes* one fiber after the other, and these suspend themselves by yielding to
//! it. The fiber that entered the drain, the hub, goes to the drain fiber by a *transfer*, so that
//! it is not resuming anybody: fibers that others have resumed may wait by a transfer to the hub,
//! and the drain fiber below them stays where it is until they are done. The hub then takes another
//! one.

use std::time::Instant;

use magnus::prelude::*;
use magnus::rb_sys::{AsRawValue, protect};
use magnus::value::Lazy;
use magnus::{Error, RClass, Ruby, TryConvert, Value, error::ErrorType};
use rb_sys::VALUE;

use super::slab::Tag;
use super::state::{End, Item, Kind};
use super::{Scheduler, spare, switch};
use crate::own::Own;
use crate::{metrics, names, task};

/// How much is to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// What is urgent.
    Urgent,
    /// And what is ready.
    Woken,
    /// And who let the loop have its turn.
    Turn,
}

/// Runs a share of what there is.
pub(super) fn drain(ruby: &Ruby, scheduler: Own<Scheduler>, share: Share) -> Result<(), Error> {
    let hub = switch::current(ruby);
    {
        let mut state = scheduler.state();
        if state.hub.is_some() {
            return Ok(());
        }
        state.hub = Some(hub);
        // One that a callback starts belongs to that callback.
        state.timed = share != Share::Urgent && metrics::is_on() && state.engine.is_attached();
        match share {
            Share::Turn => state.begin_turn(),
            Share::Woken => state.begin_share(),
            Share::Urgent => state.share = 0,
        }
    }
    let result = work(ruby, scheduler);
    let mut state = scheduler.state();
    state.hub = None;
    state.current = None;
    if state.has_ready() || !state.failures.is_empty() {
        state.engine.notify(ruby)?;
    }
    result
}

/// The hub's part.
fn work(ruby: &Ruby, scheduler: Own<Scheduler>) -> Result<(), Error> {
    while let Some(step) = next(ruby, &scheduler) {
        let to = match step {
            Step::Nested { fiber, top, .. } => {
                scheduler.state().current = Some(top);
                fiber
            }
            Step::Plain(item) => {
                let idle = {
                    let mut state = scheduler.state();
                    state.urgent.push_front(item);
                    state.idle.pop()
                };
                match idle {
                    Some(fiber) => fiber,
                    None => spare::take_or(ruby, new_drain_fiber)?,
                }
            }
        };
        switch::transfer_with(ruby, to, scheduler.as_raw())?;
    }
    Ok(())
}

enum Step {
    /// To be gone to from the hub.
    Nested { tag: Tag, fiber: VALUE, top: VALUE },
    /// To be resumed by a drain fiber.
    Plain(Item),
}

fn next(ruby: &Ruby, scheduler: &Scheduler) -> Option<Step> {
    let mut state = scheduler.state();
    loop {
        let Some(mut item) = state.next() else {
            match state.begin_round(ruby) {
                true => continue,
                false => return None,
            }
        };
        if let Item::Unblocked(fiber) = item {
            let Some(tag) = state.blocked(fiber) else {
                continue;
            };
            state.end(tag, End::Woken);
            item = Item::Continue(tag);
        }
        let Item::Continue(tag) = item else {
            return Some(Step::Plain(item));
        };
        if let Some(waiter) = state.waiters.get(tag) {
            return Some(match waiter.nested {
                true => Step::Nested {
                    tag,
                    fiber: waiter.fiber,
                    top: waiter.top,
                },
                false => Step::Plain(item),
            });
        }
    }
}

/// Made by Ruby's own method, since rb_fiber_new(3.1) makes blocking fibers and rb_fiber_new(3.3)
/// not.
fn new_drain_fiber(ruby: &Ruby) -> Result<VALUE, Error> {
    let options = ruby.hash_new();
    options.aset(ruby.to_symbol("blocking"), true)?;
    let class: Value = ruby.class_object().const_get("Fiber")?;
    let new = ruby.intern("new");
    let argument = options.as_raw();
    let fiber = protect(|| {
        // SAFETY: called under protection with live objects.
        unsafe {
            let body = rb_sys::rb_proc_new(Some(drain_fiber), rb_sys::Qnil.into());
            rb_sys::rb_funcall_with_block_kw(
                class.as_raw(),
                magnus::rb_sys::AsRawId::as_raw(new),
                1,
                &argument,
                body,
                rb_sys::RB_PASS_KEYWORDS as _,
            )
        }
    })?;
    Ok(fiber)
}

/// A drain fiber's part. It never ends: who goes to it says for which scheduler it is to work.
unsafe extern "C" fn drain_fiber(
    scheduler: VALUE,
    _data: VALUE,
    _count: std::ffi::c_int,
    _arguments: *const VALUE,
    _block: VALUE,
) -> VALUE {
    // SAFETY: Ruby runs fibers with the GVL.
    let ruby = &unsafe { Ruby::get_unchecked() };
    let me = switch::current(ruby);
    let mut given = Ok(scheduler);
    // Only the hub of a drain comes here, and what is raised here is nobody's.
    while let Ok(scheduler) = given {
        let Ok(scheduler) = Own::<Scheduler>::try_convert(switch::value(scheduler)) else {
            break;
        };
        run_plain(ruby, &scheduler);
        let hub = {
            let mut state = scheduler.state();
            state.idle.push(me);
            state.current = None;
            state.hub
        };
        let Some(hub) = hub else { break };
        given = switch::transfer(ruby, hub);
        if given.is_err() {
            scheduler.state().idle.retain(|&fiber| fiber != me);
        }
    }
    rb_sys::Qnil.into()
}

/// Resumes fibers until none is to be, or one is to be gone to from the hub.
fn run_plain(ruby: &Ruby, scheduler: &Scheduler) {
    while let Some(step) = next(ruby, scheduler) {
        let item = match step {
            Step::Plain(item) => item,
            Step::Nested { tag, .. } => {
                scheduler.state().urgent.push_front(Item::Continue(tag));
                return;
            }
        };
        if let Err(error) = run(ruby, scheduler, item) {
            fail(ruby, scheduler, error);
        }
    }
}

fn run(ruby: &Ruby, scheduler: &Scheduler, item: Item) -> Result<(), Error> {
    let fiber = {
        let mut state = scheduler.state();
        let fiber = match item {
            Item::Continue(tag) => state.waiters.get(tag).map(|waiter| waiter.fiber),
            Item::Start(fiber, _) | Item::Unblocked(fiber) | Item::Raise(fiber, _) => Some(fiber),
        };
        let Some(fiber) = fiber else {
            return Ok(());
        };
        state.current = Some(fiber);
        fiber
    };
    let result = match item {
        Item::Raise(_, exception) if switch::is_alive(ruby, fiber) => {
            switch::raise(ruby, fiber, exception)
        }
        Item::Raise(..) => Ok(()),
        Item::Continue(tag) => resume(ruby, scheduler, fiber).or_else(|error| {
            match is_lost(ruby, scheduler, fiber, tag) {
                true => Ok(()),
                false => Err(error),
            }
        }),
        Item::Start(_, Some(task)) => resume_with(ruby, scheduler, fiber, &[task]),
        _ => resume(ruby, scheduler, fiber),
    };
    let mut state = scheduler.state();
    if state.keeps_for_later() && !switch::is_alive(ruby, fiber) {
        state.forget(fiber);
    }
    result
}

/// Whether a fiber did not run, since it ended where it waited; that wait is over then.
fn is_lost(ruby: &Ruby, scheduler: &Scheduler, fiber: VALUE, tag: Tag) -> bool {
    !switch::is_alive(ruby, fiber) && scheduler.state().remove(tag).is_some()
}

fn resume(ruby: &Ruby, scheduler: &Scheduler, fiber: VALUE) -> Result<(), Error> {
    resume_with(ruby, scheduler, fiber, &[])
}

/// Resumes a fiber, and keeps it if it takes too long until it waits or ends.
fn resume_with(
    ruby: &Ruby,
    scheduler: &Scheduler,
    fiber: VALUE,
    arguments: &[VALUE],
) -> Result<(), Error> {
    if !scheduler.state().timed {
        return switch::resume(ruby, fiber, arguments);
    }
    // Known only until it has ended.
    let task = task::of(ruby, fiber);
    let start = Instant::now();
    let result = switch::resume(ruby, fiber, arguments);
    let took = start.elapsed();
    if metrics::fiber_ran(took) {
        let mut state = scheduler.state();
        state.slow.push_back((task.unwrap_or(fiber), took));
    }
    result
}

/// Keeps what ended a fiber, unless that asked for no more than its end. What ends the thread ends
/// this drain fiber as well: Ruby passes it on to the hub then, and only what it passes on itself
/// is whole.
fn fail(ruby: &Ruby, scheduler: &Scheduler, error: Error) {
    match *error.error_type() {
        ErrorType::Exception(_) if error.is_kind_of(cancelled(ruby)) => {}
        ErrorType::Exception(exception) => {
            let mut state = scheduler.state();
            state.failures.push_back(exception.as_raw());
        }
        // SAFETY: a jump that was caught right above, in this fiber; nothing here has a destructor
        // to run.
        ErrorType::Jump(tag) => unsafe { rb_sys::rb_jump_tag(tag as std::ffi::c_int) },
        ErrorType::Error(..) => {}
    }
}

fn cancelled(ruby: &Ruby) -> RClass {
    static CLASS: Lazy<RClass> = Lazy::new(|ruby| {
        let found = names::module(ruby).and_then(|module| module.const_get("Cancelled"));
        found.unwrap_or_else(|_| ruby.class_basic_object())
    });
    ruby.get_inner(&CLASS)
}

/// Starts a fiber, which runs until its first wait before this returns.
pub(super) fn start(
    ruby: &Ruby,
    scheduler: Own<Scheduler>,
    fiber: VALUE,
    task: Option<VALUE>,
) -> Result<(), Error> {
    let item = Item::Start(fiber, task);
    let within = scheduler.state().hub.is_some();
    if within {
        return after(ruby, &scheduler, item);
    }
    scheduler.state().urgent.push_front(item);
    drain(ruby, scheduler, Share::Urgent)
}

/// Has the drain that this fiber runs in do something, then go on here. To resume a fiber from this
/// one would have it wait with that, wherever one nested in that waits.
pub(super) fn after(ruby: &Ruby, scheduler: &Scheduler, item: Item) -> Result<(), Error> {
    let tag = {
        let mut state = scheduler.state();
        let tag = state.add(switch::current(ruby), Kind::Turn);
        state.end(tag, End::Woken);
        state.urgent.push_front(Item::Continue(tag));
        state.urgent.push_front(item);
        tag
    };
    suspend(ruby, scheduler, tag).map(drop)
}

/// Lets others run until the wait is over; whoever resumes this fiber before goes on at once. Its
/// frame is on the stack of each fiber that waits, so what is not needed meanwhile is elsewhere.
pub(super) fn suspend(ruby: &Ruby, scheduler: &Scheduler, tag: Tag) -> Result<End, Error> {
    loop {
        let switched = match hub_for(scheduler, tag) {
            Some(hub) => switch::transfer(ruby, hub).map(drop),
            None => switch::suspend(ruby),
        };
        if let Some(end) = resumed(scheduler, tag, switched) {
            return end;
        }
    }
}

/// Where a fiber goes that another one has resumed; that other one is where the rest go.
#[inline(never)]
fn hub_for(scheduler: &Scheduler, tag: Tag) -> Option<VALUE> {
    let state = scheduler.state();
    let nested = state.waiters.get(tag).is_some_and(|waiter| waiter.nested);
    nested.then(|| state.hub.or(state.loop_fiber)).flatten()
}

/// How the wait has ended, if it has.
#[inline(never)]
fn resumed(
    scheduler: &Scheduler,
    tag: Tag,
    switched: Result<(), Error>,
) -> Option<Result<End, Error>> {
    let mut state = scheduler.state();
    if let Err(error) = switched {
        state.remove(tag);
        return Some(Err(error));
    }
    let end = match state.waiters.get(tag) {
        Some(waiter) => waiter.end?,
        None => End::Woken,
    };
    state.remove(tag);
    Some(Ok(end))
}
