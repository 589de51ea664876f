//! `EventMachine::Task`: what a fiber runs, and what came of it. Its start and its end are native,
//! as each request of a server may be one; what few tasks need is in lib/em/fiber/task.rb.

mod registry;
mod start;

use std::cell::{RefCell, RefMut};

use magnus::block::Proc;
use magnus::gc::Marker;
use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::value::Lazy;
use magnus::{
    DataType, DataTypeFunctions, Error, RArray, RClass, RModule, Ruby, TypedData, Value, function,
    method,
};
use rb_sys::{StableApiDefinition, VALUE};

use crate::own::Own;
use crate::scheduler::value;
use crate::{guarded, names};

pub(crate) use registry::of;

type This = Own<Task>;

/// A task; its state is guarded by the GVL.
#[derive(Default)]
pub(crate) struct Task {
    state: RefCell<State>,
}

// SAFETY: only threads that have the GVL get at it, or Ruby's garbage collection.
unsafe impl Send for Task {}

/// What is not there is nil: with Options it would be twice as large.
struct State {
    name: VALUE,
    body: VALUE,
    /// From its start on.
    fiber: VALUE,
    scheduler: VALUE,
    /// What the block returned, or what ended it.
    outcome: VALUE,
    end: Option<End>,
    /// Whether somebody gets its exception.
    taken: bool,
    /// Whether somebody waits for its end, or did.
    observed: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            name: NIL,
            body: NIL,
            fiber: NIL,
            scheduler: NIL,
            outcome: NIL,
            end: None,
            taken: false,
            observed: false,
        }
    }
}

const NIL: VALUE = rb_sys::Qnil as VALUE;

/// How a task ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Failed,
    Cancelled,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Task {
    /// Nothing of Ruby's runs while it is borrowed, so the borrow is never taken twice. What is
    /// stored is told to the garbage collector, by [`stored`].
    fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }
}

impl DataTypeFunctions for Task {
    fn mark(&self, marker: &Marker) {
        let state = guarded::to_mark(&self.state);
        let State {
            name,
            body,
            fiber,
            scheduler,
            outcome,
            ..
        } = *state;
        for raw in [name, body, fiber, scheduler, outcome] {
            marker.mark(value(raw));
        }
    }
}

// SAFETY: the class makes objects of this type only, and the data type is its own.
unsafe impl TypedData for Task {
    fn class(ruby: &Ruby) -> RClass {
        static CLASS: Lazy<RClass> = Lazy::new(|ruby| {
            let defined = names::module(ruby)
                .and_then(|module| module.define_class("Task", ruby.class_object()));
            defined.unwrap_or_else(|_| ruby.class_object())
        });
        ruby.get_inner(&CLASS)
    }

    fn data_type() -> &'static DataType {
        static TYPE: DataType = DataType::builder::<Task>(c"EventMachine::Task")
            .mark()
            .free_immediately()
            .wb_protected()
            .build();
        &TYPE
    }
}

pub(crate) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = module.define_class("Task", ruby.class_object())?;
    class.define_alloc_func::<Task>();
    class.define_method("name", method!(name, 0))?;
    class.define_method("fiber", method!(fiber, 0))?;
    class.define_method("value", method!(result, 0))?;
    class.define_method("callable", method!(callable, 0))?;
    class.define_method("returned", method!(returned, 1))?;
    class.define_method("taken?", method!(is_taken, 0))?;
    class.define_method("run_by?", method!(is_run_by, 1))?;
    class.define_private_method("prepare", method!(prepare, 2))?;
    class.define_private_method("body", method!(body, 0))?;
    class.define_private_method("scheduler", method!(scheduler, 0))?;
    class.define_private_method("outcome", method!(outcome, 0))?;
    class.define_private_method("take", method!(take, 0))?;
    class.define_private_method("observe", method!(observe, 0))?;
    class.define_private_method("ended?", method!(has_ended, 0))?;
    class.define_private_method("finish_failed", method!(finish_failed, 1))?;
    class.define_private_method("finish_cancelled", method!(finish_cancelled, 1))?;
    class.define_singleton_method("live", function!(registry::live, 0))?;
    class.define_singleton_method("of", function!(registry::task_of, 1))?;
    class.define_singleton_method("forget", function!(registry::forget, 1))?;
    registry::init(ruby);
    start::init(module, class)
}

/// Gives it its name and its block, once it is an object: what a mere `Task` refers to, the garbage
/// collector does not see.
fn prepare(this: This, name: Value, body: Value) {
    {
        let mut state = this.state();
        state.name = name.as_raw();
        state.body = body.as_raw();
    }
    stored(this, [name.as_raw(), body.as_raw()]);
}

/// Tells the garbage collector of new references, so that old tasks need not be looked through each
/// time.
fn stored<const N: usize>(this: This, references: [VALUE; N]) {
    for raw in references {
        let is_object = !rb_sys::stable_api::get_default().special_const_p(raw);
        if is_object {
            // SAFETY: called with two live objects, the first of which refers to the second now.
            unsafe { rb_sys::rb_gc_writebarrier(this.as_raw(), raw) };
        }
    }
}

fn name(this: This) -> Value {
    value(this.state().name)
}

fn body(this: This) -> Value {
    value(this.state().body)
}

/// Its block, as what is called with the task.
fn callable(this: This) -> Result<Value, Error> {
    let body = value(this.state().body);
    let is_bare = Proc::from_value(body).is_some_and(|body| body.is_lambda() && body.arity() == 0);
    match is_bare {
        true => this.value().funcall("without_task", ()),
        false => Ok(body),
    }
}

fn fiber(this: This) -> Value {
    value(this.state().fiber)
}

fn scheduler(this: This) -> Value {
    value(this.state().scheduler)
}

fn is_run_by(this: This, scheduler: Value) -> bool {
    this.state().scheduler == scheduler.as_raw()
}

fn is_taken(this: This) -> bool {
    this.state().taken
}

fn take(this: This) {
    this.state().taken = true;
}

/// `:done`, `:failed` or `:cancelled`, and the value or the exception; nil until then.
fn outcome(ruby: &Ruby, this: This) -> Result<Option<RArray>, Error> {
    let (end, of) = {
        let state = this.state();
        (state.end, state.outcome)
    };
    let Some(end) = end else {
        return Ok(None);
    };
    let pair = ruby.ary_new_capa(2);
    pair.push(ruby.to_symbol(end.name()))?;
    pair.push(value(of))?;
    Ok(Some(pair))
}

fn has_ended(this: This) -> bool {
    this.state().end.is_some()
}

/// What the block returned; nil until then.
fn result(this: This) -> Value {
    let state = this.state();
    match state.end {
        Some(End::Done) => value(state.outcome),
        _ => value(NIL),
    }
}

/// From now on somebody is to be told of the end: at once, where that has come.
fn observe(this: This) -> Result<(), Error> {
    let is_news = {
        let mut state = this.state();
        !std::mem::replace(&mut state.observed, true) && state.end.is_some()
    };
    match is_news {
        true => publish(this),
        false => Ok(()),
    }
}

/// Its block has returned.
fn returned(ruby: &Ruby, this: This, value: Value) -> Result<bool, Error> {
    let is_news = this.state().end.is_none();
    if is_news {
        finish(ruby, this, End::Done, value.as_raw())?;
    }
    Ok(is_news)
}

fn finish_failed(ruby: &Ruby, this: This, error: Value) -> Result<(), Error> {
    finish(ruby, this, End::Failed, error.as_raw())
}

fn finish_cancelled(ruby: &Ruby, this: This, error: Value) -> Result<(), Error> {
    finish(ruby, this, End::Cancelled, error.as_raw())
}

/// Ends it, and tells those who wait.
fn finish(ruby: &Ruby, this: This, end: End, of: VALUE) -> Result<(), Error> {
    let (fiber, is_observed) = {
        let mut state = this.state();
        state.end = Some(end);
        state.outcome = of;
        (state.fiber, state.observed)
    };
    stored(this, [of]);
    registry::remove(ruby, fiber);
    match is_observed {
        true => publish(this),
        false => Ok(()),
    }
}

fn publish(this: This) -> Result<(), Error> {
    this.value()
        .funcall::<_, _, Value>(*names::PUBLISH, ())
        .map(drop)
}
