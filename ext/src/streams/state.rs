//! What is known of a stream natively: what has come and was not taken, who waits for more, and how
//! it ends.

use std::cell::{RefCell, RefMut};

use magnus::gc::Marker;
use magnus::prelude::*;
use magnus::rb_sys::{AsRawId, AsRawValue, FromRawValue};
use magnus::typed_data::Obj;
use magnus::value::{IntoId, Lazy, LazyId};
use magnus::{
    DataType, DataTypeFunctions, Error, RClass, RString, Ruby, TryConvert, TypedData, Value,
    function, method,
};

use crate::own::Own;
use crate::{guarded, names};

/// A fiber that waits for input, and the scheduler by which it does.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub(super) fiber: Value,
    pub(super) scheduler: Value,
}

pub(super) struct Inner {
    pub(super) input: Option<RString>,
    pub(super) reader: Option<Reader>,
    pub(super) read_limit: usize,
    /// How many bytes may wait to be sent.
    pub(super) high: usize,
    /// Whether the connection is not read from, since there is too much already.
    pub(super) stopped: bool,
    pub(super) input_ended: bool,
    /// Whether it was closed from here.
    pub(super) closed: bool,
    /// Whether there is a limit to how long methods may wait.
    pub(super) timed: bool,
}

/// The native part of a stream, guarded by the GVL. Nothing of Ruby's runs while it is borrowed.
pub(super) struct StreamState(RefCell<Inner>);

// SAFETY: only threads that have the GVL get at it, or Ruby's garbage collection.
unsafe impl Send for StreamState {}

pub(super) type State = Own<StreamState>;

impl StreamState {
    pub(super) fn inner(&self) -> RefMut<'_, Inner> {
        self.0.borrow_mut()
    }

    pub(super) fn input(&self) -> Option<RString> {
        self.inner().input
    }
}

impl Inner {
    /// Whether there is nothing to be taken, but may be.
    pub(super) fn lacks_input(&self) -> bool {
        self.input.is_none() && !self.input_ended
    }

    pub(super) fn has_room(&self) -> bool {
        self.reader.is_some() || self.input.is_none_or(|input| input.len() < self.read_limit)
    }
}

impl DataTypeFunctions for StreamState {
    fn mark(&self, marker: &Marker) {
        let inner = guarded::to_mark(&self.0);
        if let Some(input) = inner.input {
            marker.mark(input);
        }
        if let Some(reader) = inner.reader {
            marker.mark(reader.fiber);
            marker.mark(reader.scheduler);
        }
    }
}

// SAFETY: the class makes objects of this type only, and the data type is its own.
unsafe impl TypedData for StreamState {
    fn class(ruby: &Ruby) -> RClass {
        static CLASS: Lazy<RClass> = Lazy::new(|ruby| {
            let defined = names::module(ruby)
                .and_then(|module| module.define_class("StreamState", ruby.class_object()));
            defined.unwrap_or_else(|_| ruby.class_object())
        });
        ruby.get_inner(&CLASS)
    }

    fn data_type() -> &'static DataType {
        static TYPE: DataType = DataType::builder::<StreamState>(c"EventMachine::StreamState")
            .mark()
            .free_immediately()
            .build();
        &TYPE
    }
}

pub(super) fn init(ruby: &Ruby) -> Result<(), Error> {
    let class = <StreamState as TypedData>::class(ruby);
    class.undef_default_alloc_func();
    class.define_singleton_method("new", function!(new, 3))?;
    class.define_method("input", method!(input, 0))?;
    class.define_method("begin_anew", method!(begin_anew, 0))?;
    class.define_method("end_input", method!(end_input, 0))?;
    class.define_method("input_ended?", method!(is_input_ended, 0))?;
    class.define_method("close", method!(close, 0))?;
    class.define_method("closed?", method!(is_closed, 0))?;
    class.define_method("high=", method!(set_high, 1))?;
    class.define_method("timed=", method!(set_timed, 1))
}

fn new(ruby: &Ruby, read_limit: usize, high: usize, timed: bool) -> Obj<StreamState> {
    let inner = Inner {
        input: None,
        reader: None,
        read_limit,
        high,
        stopped: false,
        input_ended: false,
        closed: false,
        timed,
    };
    ruby.obj_wrap(StreamState(RefCell::new(inner)))
}

/// What has come and was not taken, to look at.
fn input(ruby: &Ruby, this: State) -> RString {
    this.input().unwrap_or_else(|| ruby.str_buf_new(0))
}

/// There is another connection, of which nothing has come yet.
fn begin_anew(this: State) {
    let mut inner = this.inner();
    inner.input = None;
    inner.stopped = false;
    inner.input_ended = false;
    inner.closed = false;
}

fn end_input(this: State) {
    this.inner().input_ended = true;
}

fn is_input_ended(this: State) -> bool {
    this.inner().input_ended
}

fn close(this: State) {
    this.inner().closed = true;
}

fn is_closed(this: State) -> bool {
    this.inner().closed
}

fn set_high(this: State, high: usize) {
    this.inner().high = high;
}

fn set_timed(this: State, timed: bool) {
    this.inner().timed = timed;
}

/// The native part of a stream.
pub(super) fn of(ruby: &Ruby, stream: Value) -> Result<State, Error> {
    State::try_convert(variable(ruby, stream, &names::STREAM_STATE))
}

pub(super) fn variable(ruby: &Ruby, object: Value, name: &'static LazyId) -> Value {
    let name = (**name).into_id_with(ruby).as_raw();
    // SAFETY: called with a live object; where there is no such variable, that is nil.
    unsafe { Value::from_raw(rb_sys::rb_ivar_get(object.as_raw(), name)) }
}
