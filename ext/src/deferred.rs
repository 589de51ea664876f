//! The queues of `EventMachine.defer`: operations for its threads, and results for the loop.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use magnus::error::ErrorType;
use magnus::gc::Marker;
use magnus::prelude::*;
use magnus::rb_sys::AsRawValue;
use magnus::typed_data::Obj;
use magnus::value::{Lazy, Opaque};
use magnus::{DataType, DataTypeFunctions, Error, RArray, RClass, Ruby, TypedData, Value, method};

use crate::guarded;
use crate::names::{self, CALL, NEW};

pub(crate) fn init(ruby: &Ruby) -> Result<(), Error> {
    let class = <WorkQueue as TypedData>::class(ruby);
    // SAFETY: the class is a valid one. It would make objects of the type of Thread::Queue.
    unsafe { rb_sys::rb_undef_alloc_func(class.as_raw()) };
    class.define_singleton_method("new", method!(new, 0))?;
    class.define_method("add", method!(add, 3))?;
    class.define_method("take", method!(take, 0))?;
    class.define_method("wait", method!(wait, 0))?;
    class.define_method("run", method!(run, 1))?;
    class.define_method("deliver", method!(deliver, 0))?;
    class.define_method("rouse", method!(rouse, 0))?;
    class.define_method("forget_running", method!(forget_running, 0))?;
    class.define_method("idle?", method!(is_idle, 0))?;
    class.define_method("empty?", method!(is_empty, 0))?;
    class.define_method("size", method!(size, 0))?;
    class.define_method("clear", method!(clear, 0))?;
    class.define_method("num_waiting", method!(num_waiting, 0))
}

/// An operation with its callback and errback, or a callback with its result and nil.
type Entry = [Opaque<Value>; 3];

/// Where an empty queue has room for more, it gives that back.
const KEPT: usize = 1024;

/// Entries, and the threads that wait for them. The GVL guards it.
struct WorkQueue {
    entries: RefCell<VecDeque<Entry>>,
    /// A Thread::Queue: each object in it wakes up one waiting thread.
    wakeups: Opaque<Value>,
    /// Whether a thread is being woken up, so that no other has to be.
    woken: Cell<bool>,
    /// How many operations were taken and are not done.
    running: Cell<usize>,
}

// SAFETY: only threads that have the GVL get at it, or Ruby's garbage collection.
unsafe impl Send for WorkQueue {}

impl WorkQueue {
    fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    fn put(&self, entry: Entry) {
        self.entries.borrow_mut().push_back(entry);
    }

    fn take(&self) -> Option<Entry> {
        let mut entries = self.entries.borrow_mut();
        let entry = entries.pop_front();
        if entries.is_empty() && entries.capacity() > KEPT {
            *entries = VecDeque::new();
        }
        entry
    }

    fn wake(&self, ruby: &Ruby) -> Result<(), Error> {
        if !self.woken.replace(true) {
            let wakeups = ruby.get_inner(self.wakeups);
            wakeups.funcall::<_, _, Value>("push", (true,))?;
        }
        Ok(())
    }

    /// Calls an operation, having woken up another thread for those that are left, which must not
    /// wait for it. What to call in the loop's thread, and with what.
    fn call(&self, ruby: &Ruby, entry: Entry) -> Result<(Value, Value), Error> {
        let [operation, callback, errback] = entry.map(|value| ruby.get_inner(value));
        if self.len() > 0 {
            self.wake(ruby)?;
        }
        match operation.funcall(*CALL, ()) {
            Ok(result) => Ok((callback, result)),
            Err(error) => match error.error_type() {
                ErrorType::Exception(raised) if errback.to_bool() => {
                    Ok((errback, raised.as_value()))
                }
                _ => Err(error),
            },
        }
    }
}

fn new(ruby: &Ruby, class: RClass) -> Result<Obj<WorkQueue>, Error> {
    let wakeups: Value = queue_class(ruby)?.funcall(*NEW, ())?;
    let queue = WorkQueue {
        entries: RefCell::default(),
        wakeups: wakeups.into(),
        woken: Cell::new(false),
        running: Cell::new(0),
    };
    Ok(ruby.obj_wrap_as(queue, class))
}

fn add(
    ruby: &Ruby,
    queue: Obj<WorkQueue>,
    first: Value,
    second: Value,
    third: Value,
) -> Result<Obj<WorkQueue>, Error> {
    queue.put([first.into(), second.into(), third.into()]);
    queue.wake(ruby)?;
    Ok(queue)
}

/// The next entry, or nil.
fn take(ruby: &Ruby, queue: Obj<WorkQueue>) -> Option<RArray> {
    let entry = queue.take()?;
    Some(ruby.ary_new_from_values(&entry.map(|value| ruby.get_inner(value))))
}

/// Waits until there is an entry. Another thread may be faster to take it.
fn wait(ruby: &Ruby, queue: Obj<WorkQueue>) -> Result<(), Error> {
    while queue.len() == 0 {
        let wakeups = ruby.get_inner(queue.wakeups);
        wakeups.funcall::<_, _, Value>("pop", ())?;
        queue.woken.set(false);
    }
    Ok(())
}

/// Runs the next operation, if there is one, and puts its result into the queue of results; whether
/// the loop has to be told, as it has nothing there yet.
fn run(ruby: &Ruby, queue: Obj<WorkQueue>, results: Obj<WorkQueue>) -> Result<bool, Error> {
    let Some(entry) = queue.take() else {
        return Ok(false);
    };
    queue.running.set(queue.running.get() + 1);
    let outcome = queue.call(ruby, entry);
    queue.running.set(queue.running.get().saturating_sub(1));
    let (callback, result) = outcome?;
    let first = results.len() == 0;
    results.put([
        callback.into(),
        result.into(),
        ruby.qnil().as_value().into(),
    ]);
    Ok(first)
}

/// Takes a result, and calls what waits for it.
fn deliver(ruby: &Ruby, results: Obj<WorkQueue>) -> Result<(), Error> {
    let Some([callback, result, _]) = results.take() else {
        return Ok(());
    };
    let callback = ruby.get_inner(callback);
    match callback.to_bool() {
        true => callback
            .funcall::<_, _, Value>(*CALL, (ruby.get_inner(result),))
            .map(drop),
        false => Ok(()),
    }
}

/// A thread that was woken up may have ended before it took anything.
fn rouse(ruby: &Ruby, queue: Obj<WorkQueue>) -> Result<(), Error> {
    queue.woken.set(false);
    match queue.len() {
        0 => Ok(()),
        _ => queue.wake(ruby),
    }
}

/// The threads that ran operations are those of the parent process.
fn forget_running(_ruby: &Ruby, queue: Obj<WorkQueue>) {
    queue.running.set(0);
}

fn is_idle(_ruby: &Ruby, queue: Obj<WorkQueue>) -> bool {
    queue.len() == 0 && queue.running.get() == 0
}

fn is_empty(_ruby: &Ruby, queue: Obj<WorkQueue>) -> bool {
    queue.len() == 0
}

fn size(_ruby: &Ruby, queue: Obj<WorkQueue>) -> usize {
    queue.len()
}

fn clear(_ruby: &Ruby, queue: Obj<WorkQueue>) -> Obj<WorkQueue> {
    queue.entries.borrow_mut().clear();
    queue
}

fn num_waiting(ruby: &Ruby, queue: Obj<WorkQueue>) -> Result<usize, Error> {
    ruby.get_inner(queue.wakeups).funcall("num_waiting", ())
}

/// The class that WorkQueue inherits from, as applications may look at these queues.
fn queue_class(ruby: &Ruby) -> Result<RClass, Error> {
    let thread: RClass = ruby.class_object().const_get("Thread")?;
    thread.const_get("Queue")
}

impl DataTypeFunctions for WorkQueue {
    fn mark(&self, marker: &Marker) {
        marker.mark(self.wakeups);
        for value in guarded::to_mark(&self.entries).iter().flatten() {
            marker.mark(*value);
        }
    }
}

// SAFETY: `new` makes objects of this type only, the class has no other way to make one, and the
// data type is its own.
unsafe impl TypedData for WorkQueue {
    fn class(ruby: &Ruby) -> RClass {
        static CLASS: Lazy<RClass> = Lazy::new(|ruby| {
            let defined = names::module(ruby)
                .and_then(|module| module.define_class("WorkQueue", queue_class(ruby)?));
            defined.unwrap_or_else(|_| ruby.class_object())
        });
        ruby.get_inner(&CLASS)
    }

    fn data_type() -> &'static DataType {
        static TYPE: DataType = DataType::builder::<WorkQueue>(c"EventMachine::WorkQueue")
            .mark()
            .free_immediately()
            .build();
        &TYPE
    }
}
