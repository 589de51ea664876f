//! The hooks that Ruby calls where a fiber is to wait. See Fiber::Scheduler in Ruby's
//! documentation.

use std::time::Duration;

use em_reactor::Interest;
use magnus::prelude::*;
use magnus::rb_sys::{AsRawValue, protect};
use magnus::value::Lazy;
use magnus::{Error, RArray, RClass, Ruby, TryConvert, Value, method};
use rb_sys::VALUE;

use super::state::{End, Item, Kind};
use super::waits::Target;
use super::{Scheduler, alarms, bind, drain, identity, seconds, switch, waits};
use crate::errors;
use crate::own::Own;
use crate::sys::transfers;

type This = Own<Scheduler>;

pub(super) fn init(class: RClass) -> Result<(), Error> {
    class.define_method("fiber", method!(fiber, 0))?;
    class.define_method("io_wait", method!(io_wait, 3))?;
    class.define_method("kernel_sleep", method!(kernel_sleep, -1))?;
    class.define_method("block", method!(block, -1))?;
    class.define_method("unblock", method!(unblock, 2))?;
    class.define_method("fiber_interrupt", method!(fiber_interrupt, 2))?;
    class.define_method("yield", method!(give_way, 0))?;
    class.define_private_method("await_any", method!(await_any, 2))?;
    class.define_private_method("await_exit", method!(await_exit, 1))
}

/// Makes a fiber of the block and runs it until its first wait.
fn fiber(ruby: &Ruby, this: This) -> Result<Value, Error> {
    bind(ruby, this)?;
    let body = ruby.block_proc()?;
    let fiber = new_fiber(ruby, body.as_value())?;
    drain::start(ruby, this, fiber, None)?;
    let failure = {
        let mut state = this.state();
        let mine = !state.engine.is_attached() && !state.running && state.hub.is_none();
        mine.then(|| state.failures.pop_front()).flatten()
    };
    match failure {
        Some(failure) => Err(waits::raised(failure)),
        None => Ok(switch::value(fiber)),
    }
}

pub(super) fn new_fiber(ruby: &Ruby, body: Value) -> Result<VALUE, Error> {
    static CLASS: Lazy<RClass> = Lazy::new(|ruby| {
        let found = <Scheduler as magnus::TypedData>::class(ruby).const_get("Fiber");
        found.unwrap_or_else(|_| ruby.class_object())
    });
    let class = ruby.get_inner(&CLASS).as_raw();
    let new = magnus::rb_sys::AsRawId::as_raw(magnus::value::IntoId::into_id_with(
        *crate::names::NEW,
        ruby,
    ));
    protect(|| {
        // SAFETY: called under protection with live objects.
        unsafe { rb_sys::rb_funcall_with_block(class, new, 0, std::ptr::null(), body.as_raw()) }
    })
}

/// Waits until some of `events` are there, and returns those; false where `timeout` is over first.
fn io_wait(
    ruby: &Ruby,
    this: This,
    io: Value,
    events: Value,
    timeout: Value,
) -> Result<Value, Error> {
    let (target, limit, is_ios_own) = match before_io_wait(ruby, this, io, events, timeout)? {
        Before::Over(answer) => return Ok(answer),
        Before::Wait(target, limit, is_ios_own) => (target, limit, is_ios_own),
    };
    let ready = waits::descriptor(ruby, this, target, limit)?;
    match (ready.is_empty(), is_ios_own) {
        (false, _) => Ok(ruby.into_value(ready.bits())),
        (true, false) => Ok(ruby.qfalse().as_value()),
        (true, true) => Err(identity::timeout_error(ruby)),
    }
}

enum Before {
    Over(Value),
    /// For what, how long, and whether that is the IO's own limit.
    Wait(Target, Option<Duration>, bool),
}

/// Apart, so that it takes no room on the stack of a fiber that waits: see [`waits`].
#[inline(never)]
fn before_io_wait(
    ruby: &Ruby,
    this: This,
    io: Value,
    events: Value,
    timeout: Value,
) -> Result<Before, Error> {
    if is_loops_own(ruby, this)? {
        let answer = this.value().funcall("wait_apart", (io, events, timeout))?;
        return Ok(Before::Over(answer));
    }
    let target = target(ruby, io, events)?;
    // Ruby asks between the parts of one `puts`, which are not to be mixed with those of others.
    let is_write = target.interest == Interest::WRITABLE;
    if is_write && this.state().may_go_on() && transfers::is_ready(target.fd, target.interest) {
        return Ok(Before::Over(events));
    }
    Ok(match seconds::duration(ruby, timeout)? {
        Some(limit) => Before::Wait(target, Some(limit), false),
        None => Before::Wait(target, identity::timeout(ruby, io)?, true),
    })
}

pub(super) fn target(ruby: &Ruby, io: Value, events: Value) -> Result<Target, Error> {
    let bits = u32::try_convert(events)?;
    let interest = Interest::from_bits(bits as u8);
    if interest.is_empty() {
        let message = format!("nothing to wait for in events: {bits}");
        return Err(errors::argument(ruby, message));
    }
    Ok(Target {
        fd: descriptor(io)?,
        interest,
        identity: identity::of(ruby, io)?,
    })
}

/// The number of an IO's descriptor; an IOError where it is closed.
pub(super) fn descriptor(io: Value) -> Result<i32, Error> {
    let mut number = -1;
    protect(|| {
        // SAFETY: called under protection; a TypeError or an IOError where it is no IO, or closed.
        number = unsafe { rb_sys::rb_io_descriptor(io.as_raw()) };
        rb_sys::Qnil.into()
    })?;
    Ok(number)
}

/// Sleeps for some seconds, or until somebody wakes the fiber.
fn kernel_sleep(ruby: &Ruby, this: This, arguments: &[Value]) -> Result<Value, Error> {
    if is_loops_own(ruby, this)? {
        return this.value().funcall("sleep_apart", arguments);
    }
    let timeout = match *arguments {
        [] => None,
        [seconds] => seconds::duration(ruby, seconds)?,
        _ => {
            let count = arguments.len();
            let message = format!("wrong number of arguments (given {count}, expected 0..1)");
            return Err(errors::argument(ruby, message));
        }
    };
    waits::park(ruby, this, Kind::Sleep, timeout)?;
    Ok(ruby.qtrue().as_value())
}

/// Waits until the fiber is unblocked; false where `timeout` is over first.
fn block(ruby: &Ruby, this: This, arguments: &[Value]) -> Result<bool, Error> {
    let timeout = match *arguments {
        [] | [_] => None,
        [_, seconds, ..] => seconds::duration(ruby, seconds)?,
    };
    bind(ruby, this)?;
    block_for(ruby, this, timeout)
}

/// As [`block`], by a scheduler that is bound to this thread.
pub(super) fn block_for(ruby: &Ruby, this: This, timeout: Option<Duration>) -> Result<bool, Error> {
    let is_loops_own = this.state().is_loops_own(switch::current(ruby));
    match is_loops_own {
        true => block_apart(ruby, this, timeout),
        false => waits::park(ruby, this, Kind::Block, timeout),
    }
}

/// The loop stands still meanwhile, as with any call that blocks in a callback.
#[cold]
#[inline(never)]
fn block_apart(ruby: &Ruby, this: This, timeout: Option<Duration>) -> Result<bool, Error> {
    const SLICE: f64 = 0.01;
    let start = std::time::Instant::now();
    let tag = this.state().add(switch::current(ruby), Kind::Block);
    loop {
        let left = timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
        let slice = left.map_or(SLICE, |left| left.as_secs_f64().min(SLICE));
        let slept = this.value().funcall::<_, _, Value>("sleep_apart", (slice,));
        let mut state = this.state();
        let woken = state.waiters.get(tag).is_none_or(|w| w.end.is_some());
        if woken || left == Some(Duration::ZERO) || slept.is_err() {
            state.remove(tag);
            return slept.map(|_| woken);
        }
    }
}

/// Ends the wait of a fiber in `block` or `kernel_sleep`: it runs when it is its turn. For any
/// thread.
fn unblock(ruby: &Ruby, this: This, _blocker: Value, fiber: Value) -> Result<Value, Error> {
    unblock_fiber(ruby, this, fiber)?;
    Ok(ruby.qnil().as_value())
}

pub(super) fn unblock_fiber(ruby: &Ruby, this: This, fiber: Value) -> Result<(), Error> {
    let mut state = this.state();
    let raw = fiber.as_raw();
    match state.blocked(raw) {
        Some(tag) => state.wake(tag, End::Woken),
        None => state.ready.push_back(Item::Unblocked(raw)),
    }
    state.engine.notify(ruby)
}

/// Has an exception raised in a fiber that waits for a descriptor. For any thread.
fn fiber_interrupt(ruby: &Ruby, this: This, fiber: Value, exception: Value) -> Result<(), Error> {
    let mut state = this.state();
    let tag = state.by_fiber.get(&fiber.as_raw()).copied();
    let waits = tag.filter(|&tag| {
        let waiter = state.waiters.get(tag);
        waiter.is_some_and(|waiter| waiter.kind == Kind::Descriptor)
    });
    if let Some(tag) = waits {
        state.wake(tag, End::Raised(exception.as_raw()));
        state.engine.notify(ruby)?;
    }
    Ok(())
}

/// Lets the loop and other fibers have their turn.
fn give_way(ruby: &Ruby, this: This) -> Result<(), Error> {
    if is_loops_own(ruby, this)? {
        return Ok(());
    }
    waits::park(ruby, this, Kind::Sleep, Some(Duration::ZERO)).map(drop)
}

/// Waits until one of some IOs, each with its events, is ready; false where time is over first.
fn await_any(ruby: &Ruby, this: This, pairs: RArray, timeout: Value) -> Result<bool, Error> {
    let mut targets = Vec::new();
    for pair in pairs {
        let (io, events) = <(Value, Value)>::try_convert(pair)?;
        targets.push(target(ruby, io, events)?);
    }
    let timeout = seconds::duration(ruby, timeout)?;
    bind(ruby, this)?;
    waits::any(ruby, this, &targets, timeout)
}

/// Waits until a process has ended.
fn await_exit(ruby: &Ruby, this: This, pid: i32) -> Result<(), Error> {
    bind(ruby, this)?;
    waits::exit(ruby, this, pid)
}

/// Whether the running fiber is the one that runs the loop, which cannot wait for itself.
fn is_loops_own(ruby: &Ruby, this: This) -> Result<bool, Error> {
    bind(ruby, this)?;
    Ok(this.state().is_loops_own(switch::current(ruby)))
}

pub(super) fn interrupt(
    ruby: &Ruby,
    this: This,
    fiber: Value,
    exception: Value,
    now: bool,
) -> Result<(), Error> {
    alarms::interrupt(ruby, this, fiber.as_raw(), exception.as_raw(), now)
}
