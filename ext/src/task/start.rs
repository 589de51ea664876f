//! How a task begins.

use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::value::Lazy;
use magnus::{Error, RClass, RModule, RString, Ruby, TypedData, Value, function, method};
use rb_sys::VALUE;

use super::{Task, This, prepare, registry, stored};
use crate::own::Own;
use crate::scheduler::{Scheduler, attached_here, bind, start_task, value};
use crate::{errors, names};

pub(super) fn init(module: RModule, class: RClass) -> Result<(), Error> {
    module.define_singleton_method("fiber", function!(fiber, -1))?;
    class.define_private_method("start", method!(start, 1))?;
    class.define_private_method("enter", method!(enter_elsewhere, 2))
}

/// `EventMachine.fiber`.
fn fiber(ruby: &Ruby, arguments: &[Value]) -> Result<Value, Error> {
    let name = match *arguments {
        [] => None,
        [name] => Some(name).filter(|name| name.to_bool()),
        _ => {
            let given = arguments.len();
            let message = format!("wrong number of arguments (given {given}, expected 0..1)");
            return Err(errors::argument(ruby, message));
        }
    };
    if !ruby.block_given() {
        return Err(errors::argument(ruby, "no block given"));
    }
    let name = name.map_or(Ok(ruby.qnil().as_value()), name_of)?;
    let task = This::from(ruby.obj_wrap(Task::default()));
    // SAFETY: there is a block, of which this makes an object, as magnus's `ary_new` makes one.
    let body = value(unsafe { rb_sys::rb_block_proc() });
    prepare(task, name, body);
    match attached_here(ruby) {
        Some(scheduler) => run(ruby, task, scheduler)?,
        // It makes the first, and knows of other threads and other schedulers.
        None => names::module(ruby)?
            .funcall::<_, _, Value>("launch", (task.value(),))
            .map(drop)?,
    }
    Ok(task.value())
}

fn name_of(name: Value) -> Result<Value, Error> {
    match RString::from_value(name) {
        Some(_) => Ok(name),
        None => name.funcall("to_s", ()),
    }
}

/// Runs the block until its first wait, unless it was cancelled before.
fn start(ruby: &Ruby, this: This, scheduler: Own<Scheduler>) -> Result<(), Error> {
    let has_ended = this.state().end.is_some();
    match has_ended {
        true => Ok(()),
        false => {
            bind(ruby, scheduler)?;
            run(ruby, this, scheduler)
        }
    }
}

fn run(ruby: &Ruby, task: This, scheduler: Own<Scheduler>) -> Result<(), Error> {
    static RUN: Lazy<Value> = Lazy::new(|ruby| {
        let found = Task::class(ruby).const_get("RUN");
        found.unwrap_or_else(|_| ruby.qnil().as_value())
    });
    let body = ruby.get_inner(&RUN);
    start_task(ruby, scheduler, body, task.as_raw(), |fiber| {
        enter(ruby, task, fiber, scheduler.as_raw());
    })
}

fn enter(ruby: &Ruby, task: This, fiber: VALUE, scheduler: VALUE) {
    {
        let mut state = task.state();
        state.fiber = fiber;
        state.scheduler = scheduler;
    }
    stored(task, [fiber, scheduler]);
    registry::add(ruby, fiber, task.as_raw());
}

/// It runs in a fiber of another library's scheduler.
fn enter_elsewhere(ruby: &Ruby, this: This, fiber: Value, scheduler: Value) {
    enter(ruby, this, fiber.as_raw(), scheduler.as_raw());
}
