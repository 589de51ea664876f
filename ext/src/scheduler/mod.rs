//! `EventMachine::Scheduler`, by which Ruby's own I/O waits on a reactor: see Fiber::Scheduler.
//!
//! Nothing of a scheduler's state is borrowed while a fiber is gone to. What is raised in a fiber
//! ends no other, and unwinds no frame of Rust's: it comes back as an error from the call that went
//! away.

mod address;
mod alarms;
mod drain;
mod engine;
mod hooks;
mod identity;
mod live;
mod parking;
mod run;
mod seconds;
mod slab;
mod spare;
mod starting;
mod state;
mod switch;
mod tasks;
mod transfers;
mod waits;

use std::cell::{RefCell, RefMut};

use magnus::gc::Marker;
use magnus::prelude::*;
use magnus::value::Lazy;
use magnus::{DataType, DataTypeFunctions, Error, RClass, RModule, Ruby, TypedData};

use self::engine::Engine;
use self::state::State;
use crate::own::Own;
use crate::{errors, guarded, instance, names};

pub(crate) use address::ByAddress;
pub(crate) use parking::{block, current, current_fiber, unblock};
pub(crate) use run::{next_failure, next_slow, run_ready, run_woken};
pub(crate) use starting::{attached_here, start_task};
pub(crate) use switch::value;

/// A scheduler; its state is guarded by the GVL.
#[derive(Default)]
pub(crate) struct Scheduler {
    state: RefCell<State>,
}

// SAFETY: only threads that have the GVL get at it, or Ruby's garbage collection.
unsafe impl Send for Scheduler {}

impl Scheduler {
    /// Nothing of Ruby's runs while it is borrowed, so the borrow is never taken twice.
    fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// Whether the calling thread is the one whose scheduler this is.
    fn is_bound_here(&self, ruby: &Ruby) -> bool {
        self.state().thread == Some(current_thread(ruby))
    }
}

/// Binds a scheduler to the calling thread at its first use: to the loop that runs there, or to one
/// of its own.
pub(crate) fn bind(ruby: &Ruby, scheduler: Own<Scheduler>) -> Result<(), Error> {
    let (thread, closed) = {
        let state = scheduler.state();
        (state.thread, state.closed)
    };
    if closed {
        let advice = "this scheduler is closed: set a new one";
        return Err(errors::runtime(ruby, advice));
    }
    match thread {
        Some(thread) if thread == current_thread(ruby) => Ok(()),
        Some(_) => Err(Error::new(
            ruby.exception_thread_error(),
            "this scheduler is another thread's: each thread has one of its own",
        )),
        None => bind_here(ruby, scheduler),
    }
}

/// Apart, since a reactor that is made takes most of a page of the stack, which each fiber would
/// have to have then.
#[cold]
#[inline(never)]
fn bind_here(ruby: &Ruby, scheduler: Own<Scheduler>) -> Result<(), Error> {
    let module = names::module(ruby)?;
    let attached = live::attached(ruby).is_none()
        && module.funcall::<_, _, bool>("reactor_running?", ())?
        && module.funcall::<_, _, bool>("reactor_thread?", ())?;
    let engine = match attached {
        true => Engine::Attached,
        false => Engine::own(ruby)?,
    };
    let loop_fiber = match attached {
        true => instance::look(ruby, |instance| instance.loop_fiber)?,
        false => None,
    };
    let mut state = scheduler.state();
    state.engine = engine;
    state.loop_fiber = loop_fiber;
    state.thread = Some(current_thread(ruby));
    drop(state);
    let class = <Scheduler as TypedData>::class(ruby);
    class.funcall::<_, _, magnus::Value>("install_hooks", ())?;
    live::add(ruby, scheduler);
    Ok(())
}

fn current_thread(_ruby: &Ruby) -> rb_sys::VALUE {
    // SAFETY: takes nothing, and is called with the GVL, of which `Ruby` is the proof.
    unsafe { rb_sys::rb_thread_current() }
}

impl DataTypeFunctions for Scheduler {
    fn mark(&self, marker: &Marker) {
        guarded::to_mark(&self.state).mark(marker);
    }
}

// SAFETY: the class makes objects of this type only, and the data type is its own.
unsafe impl TypedData for Scheduler {
    fn class(ruby: &Ruby) -> RClass {
        static CLASS: Lazy<RClass> = Lazy::new(|ruby| {
            let defined = names::module(ruby)
                .and_then(|module| module.define_class("Scheduler", ruby.class_object()));
            defined.unwrap_or_else(|_| ruby.class_object())
        });
        ruby.get_inner(&CLASS)
    }

    fn data_type() -> &'static DataType {
        static TYPE: DataType = DataType::builder::<Scheduler>(c"EventMachine::Scheduler")
            .mark()
            .free_immediately()
            .build();
        &TYPE
    }
}

pub(crate) fn init(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = module.define_class("Scheduler", ruby.class_object())?;
    class.define_alloc_func::<Scheduler>();
    live::init(ruby);
    hooks::init(class)?;
    transfers::init(ruby, class)?;
    tasks::init(class)?;
    run::init(class)
}
