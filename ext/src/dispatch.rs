//! From events to calls of Ruby methods.

use std::net::SocketAddr;

use em_reactor::{Choice, Event, FileChange, Id, Reason};
use magnus::prelude::*;
use magnus::rb_sys::{AsRawId, AsRawValue, protect};
use magnus::value::{Id as MethodId, IntoId, LazyId};
use magnus::{Error, ExceptionClass, RArray, RClass, RHash, RModule, RObject, Ruby, Value};
use rb_sys::{ID, StableApiDefinition, VALUE};

use crate::hooks::{self, Hook};
use crate::signatures::Table;
use crate::sys::{descriptors, words};
use crate::{convert, errors, instance, metrics, names, signatures};

/// Calls Ruby for events. An exception goes to `error_handler` where there is one.
pub(crate) struct Dispatcher<'r> {
    ruby: &'r Ruby,
    module: RModule,
    /// The name of what is called most.
    receive_data: MethodId,
}

impl<'r> Dispatcher<'r> {
    pub(crate) fn new(ruby: &'r Ruby) -> Result<Self, Error> {
        Ok(Self {
            ruby,
            module: names::module(ruby)?,
            receive_data: (*names::RECEIVE_DATA).into_id_with(ruby),
        })
    }

    /// Acts on an event; `buffer` holds the bytes of a `Data`.
    pub(crate) fn dispatch(&self, event: &Event, buffer: &[u8]) -> Result<(), Error> {
        let result = match *event {
            Event::Data { id, len } => self.data(id, &buffer[..len]),
            Event::TimerFired(id) => self.timer(id),
            Event::Accepted { listener, id } => self.accepted(listener, id),
            Event::Connected(id) => self.notify(id, &names::CONNECTION_COMPLETED),
            Event::InputEnded(id) => self.input_ended(id),
            Event::DatagramLost { id, errno } => self.datagram_lost(id, errno),
            Event::DescriptorsOffered(id) => self.descriptors_offered(id),
            Event::DescriptorReceived(id) => self.descriptor_received(id),
            Event::OutboundFull(id) => self.notify_if_defined(id, &names::OUTBOUND_FULL).map(drop),
            Event::OutboundDrained(id) => self
                .notify_if_defined(id, &names::OUTBOUND_DRAINED)
                .map(drop),
            Event::Urgent(id) => self.notify(id, &names::NOTIFY_PRIORITY),
            Event::Readable(id) => self.notify(id, &names::NOTIFY_READABLE),
            Event::Writable(id) => self.notify(id, &names::NOTIFY_WRITABLE),
            Event::ProxyTargetUnbound(id) => self.notify(id, &names::PROXY_TARGET_UNBOUND),
            Event::ProxyCompleted(id) => self.notify(id, &names::PROXY_COMPLETED),
            Event::ProcessExited(id) => self.tell(id, "exit"),
            Event::FileChanged { id, change } => self.file_changed(id, change),
            Event::TlsEstablished(id) => self.notify(id, &names::SSL_HANDSHAKE_COMPLETED),
            Event::TlsPeerCertificate { id, ref pem } => self.verify_peer(id, pem),
            Event::TlsChooseCertificate { id, ref name } => {
                self.choose_certificate(id, name.as_deref())
            }
            Event::Resolved {
                request,
                ref answer,
            } => self.resolved(request, answer),
            Event::Unbound { id, ref reason } => self.unbound(id, reason.as_ref()),
        };
        result.or_else(|error| self.handle(error))
    }

    /// Runs what was scheduled for this turn, and the callbacks of deferred work.
    pub(crate) fn deferred(&self) -> Result<(), Error> {
        let run = match metrics::is_on() {
            true => *names::RUN_TIMED_CALLBACKS,
            false => *names::RUN_DEFERRED_CALLBACKS,
        };
        let result = self.module.funcall::<_, _, Value>(run, ());
        result.map(drop).or_else(|error| self.handle(error))
    }

    /// Calls what is to be called at some point of the turn.
    pub(crate) fn hook(&self, hook: Hook) -> Result<(), Error> {
        hooks::call(self.module, hook).or_else(|error| self.handle(error))
    }

    /// Tells Ruby of a callback that took too long.
    pub(crate) fn report_slow(
        &self,
        kind: &str,
        callee: Option<Value>,
        seconds: f64,
    ) -> Result<(), Error> {
        let kind = self.ruby.to_symbol(kind);
        self.module
            .funcall::<_, _, Value>(*names::REPORT_SLOW, (kind, callee, seconds))
            .map(drop)
    }

    fn data(&self, id: Id, bytes: &[u8]) -> Result<(), Error> {
        self.call(id, self.receive_data, Some(bytes))
    }

    fn notify(&self, id: Id, method: &'static LazyId) -> Result<(), Error> {
        self.call(id, (**method).into_id_with(self.ruby), None)
    }

    /// Calls a method of a connection, with bytes where there are some.
    fn call(&self, id: Id, method: MethodId, bytes: Option<&[u8]>) -> Result<(), Error> {
        match self.call_known(id, method, bytes)? {
            true => Ok(()),
            false => Err(self.unknown(id)),
        }
    }

    /// As [`call`](Self::call); false where there is no such connection. Events of this kind are
    /// many: all of it is done under one protection.
    fn call_known(&self, id: Id, method: MethodId, bytes: Option<&[u8]>) -> Result<bool, Error> {
        let method = method.as_raw();
        let mut known = true;
        // SAFETY: called with live objects, which the stack holds; nothing has a destructor.
        unsafe {
            signatures::with(self.ruby, self.module, Table::Connections, |connections| {
                let undefined = rb_sys::Qundef.into();
                let signature = rb_sys::rb_ull2inum(id.as_u64());
                let connection = rb_sys::rb_hash_lookup2(connections, signature, undefined);
                known = connection != undefined;
                if !known {
                    return rb_sys::Qnil.into();
                }
                match bytes {
                    Some(bytes) => {
                        let data = rb_sys::rb_str_new(bytes.as_ptr().cast(), bytes.len() as _);
                        rb_sys::rb_funcallv(connection, method, 1, &data)
                    }
                    None => rb_sys::rb_funcallv(connection, method, 0, std::ptr::null()),
                }
            })
        }?;
        Ok(known)
    }

    /// Calls a method of a connection, be it a private one, where that is defined; whether it is.
    fn notify_if_defined(&self, id: Id, method: &'static LazyId) -> Result<bool, Error> {
        let method = (**method).into_id_with(self.ruby).as_raw();
        let mut is_defined = false;
        // SAFETY: as for `call_known`.
        unsafe {
            signatures::with(self.ruby, self.module, Table::Connections, |connections| {
                let signature = rb_sys::rb_ull2inum(id.as_u64());
                let connection = rb_sys::rb_hash_lookup(connections, signature);
                // Set before the call, which may raise.
                is_defined = defines(connection, method);
                if is_defined {
                    rb_sys::rb_funcallv(connection, method, 0, std::ptr::null());
                }
                rb_sys::Qnil.into()
            })
        }?;
        Ok(is_defined)
    }

    /// A connection whose peer sends no more stays for those who define what to do then, whatever
    /// that raises.
    fn input_ended(&self, id: Id) -> Result<(), Error> {
        let told = self.notify_if_defined(id, &names::RECEIVE_EOF);
        let sends_on = *told.as_ref().unwrap_or(&true);
        instance::change(self.ruby, |i| i.reactor.input_end_told(id, sends_on))?;
        told.map(drop)
    }

    /// Descriptors are taken for those who define what to do with them.
    fn descriptors_offered(&self, id: Id) -> Result<(), Error> {
        match self.connection(id)?.respond_to(*names::RECEIVE_IO, true)? {
            true => instance::change(self.ruby, |i| i.reactor.take_descriptors(id)),
            false => Ok(()),
        }
    }

    fn descriptor_received(&self, id: Id) -> Result<(), Error> {
        let received = instance::change(self.ruby, |i| i.reactor.received_descriptor(id))?;
        self.module
            .funcall::<_, _, Value>(*names::DESCRIPTOR_RECEIVED, (id.as_u64(), received))
            .map(drop)
    }

    /// A loss is told to those who define what to do then.
    fn datagram_lost(&self, id: Id, errno: i32) -> Result<(), Error> {
        match self.object(id)? {
            Some(socket) if socket.respond_to(*names::RECEIVE_ERROR, true)? => socket
                .funcall::<_, _, Value>(*names::RECEIVE_ERROR, (self.errno(errno)?,))
                .map(drop),
            _ => Ok(()),
        }
    }

    /// Gives a watch the name of what happened.
    fn tell(&self, id: Id, what: &str) -> Result<(), Error> {
        self.data(id, what.as_bytes())
    }

    /// The words are those that `FileWatch#receive_data` knows. What upstream does not tell has no
    /// word, since an application may have a `receive_data` of its own.
    fn file_changed(&self, id: Id, change: FileChange) -> Result<(), Error> {
        match change {
            FileChange::Modified => self.tell(id, "modified"),
            FileChange::Moved => self.tell(id, "moved"),
            FileChange::Deleted => self.tell(id, "deleted"),
            FileChange::Created => self.notify(id, &names::FILE_CREATED),
            FileChange::Attributes => self.notify(id, &names::FILE_ATTRIBUTES_CHANGED),
        }
    }

    /// Some applications cancel a timer by putting false in its place.
    fn timer(&self, id: Id) -> Result<(), Error> {
        let signature = id.as_u64();
        if signatures::call(self.ruby, self.module, Table::Timers, signature)? {
            return Ok(());
        }
        let message = format!("unknown timer {signature} fired");
        Err(errors::own(self.ruby, "UnknownTimerFired", message))
    }

    fn accepted(&self, listener: Id, id: Id) -> Result<(), Error> {
        let made = self.build(listener, id);
        if made.is_err() {
            // Where nobody is there to serve it, nobody is to be waited for either.
            if self.object(id)?.is_none() {
                self.keep(id, self.ruby.qfalse().as_value())?;
            }
            instance::change(self.ruby, |i| i.reactor.close(id, false))?;
        }
        made
    }

    fn build(&self, listener: Id, id: Id) -> Result<(), Error> {
        let listener = listener.as_u64();
        let acceptor = signatures::look_up(self.ruby, self.module, Table::Acceptors, listener)?;
        let Some(acceptor) = acceptor.and_then(RArray::from_value) else {
            let message = format!("no handler for connections to server {listener}");
            let name = "NoHandlerForAcceptedConnection";
            return Err(errors::own(self.ruby, name, message));
        };
        let class: Value = acceptor.entry(0)?;
        let connection: Value = match RArray::from_value(acceptor.entry(1)?) {
            Some(more) if !more.is_empty() => {
                let arguments = self.ruby.ary_new();
                arguments.push(id.as_u64())?;
                arguments.concat(more)?;
                // SAFETY: nobody else has this array, so its elements stay where they are during
                // the call.
                class.funcall(*names::NEW, unsafe { arguments.as_slice() })?
            }
            _ => class.funcall(*names::NEW, (id.as_u64(),))?,
        };
        self.keep(id, connection)?;
        let block: Value = acceptor.entry(2)?;
        if block.to_bool() {
            block.funcall::<_, _, Value>(*names::CALL, (connection,))?;
        }
        Ok(())
    }

    /// The handshake is refused where the answer is not true, or is an exception.
    fn verify_peer(&self, id: Id, pem: &str) -> Result<(), Error> {
        let answer = self.connection(id).and_then(|connection| {
            connection.funcall::<_, _, Value>(*names::SSL_VERIFY_PEER, (pem,))
        });
        let accepted = answer.as_ref().is_ok_and(|answer| answer.to_bool());
        instance::change(self.ruby, |i| i.reactor.tls_verdict(id, accepted))?;
        answer.map(drop)
    }

    /// The handshake is refused where the answer cannot be used, or is an exception.
    fn choose_certificate(&self, id: Id, name: Option<&str>) -> Result<(), Error> {
        let answer = self
            .connection(id)
            .and_then(|connection| connection.funcall(*names::SSL_CERTIFICATE_FOR, (name,)))
            .and_then(|answer| convert::tls::choice(self.ruby, answer));
        let (choice, failure) = match answer {
            Ok(choice) => (choice, Ok(())),
            Err(error) => (Choice::Refuse, Err(error)),
        };
        instance::change(self.ruby, |i| i.reactor.tls_choice(id, choice))?
            .map_err(|cause| errors::from(self.ruby, &cause))
            .and(failure)
    }

    fn resolved(
        &self,
        request: u64,
        answer: &Result<Vec<SocketAddr>, String>,
    ) -> Result<(), Error> {
        let addresses = answer.as_ref().ok();
        let addresses = addresses.map(|addresses| convert::addresses(self.ruby, addresses));
        let given = (
            request,
            addresses,
            answer.as_ref().err().map(String::as_str),
        );
        self.module
            .funcall::<_, _, Value>(*names::NAME_RESOLVED, given)
            .map(drop)
    }

    /// The descriptor is released even where `unbind` raises.
    pub(crate) fn unbound(&self, id: Id, reason: Option<&Reason>) -> Result<(), Error> {
        let connection = self.forget(id)?;
        let result = match connection.to_bool() {
            true => self.unbind(connection, reason),
            false => Ok(()),
        };
        self.release(id, connection, result)
    }

    /// Releases a descriptor whose `unbind` is not called.
    pub(crate) fn discard(&self, id: Id) -> Result<(), Error> {
        let connection = self.forget(id)?;
        self.release(id, connection, Ok(()))
    }

    fn release(&self, id: Id, connection: Value, result: Result<(), Error>) -> Result<(), Error> {
        descriptors::ended(self.ruby, id);
        if instance::change(self.ruby, |i| i.reactor.release(id))? {
            let closed = close_attached(connection);
            return result.and(closed);
        }
        result
    }

    /// Removes a server or a connection from its table, and returns the connection's object.
    fn forget(&self, id: Id) -> Result<Value, Error> {
        let signature = self.ruby.into_value(id.as_u64());
        let remove = |table: Table| signatures::remove(self.ruby, self.module, table, signature);
        let connection = remove(Table::Connections)?;
        if connection.is_nil() {
            remove(Table::Acceptors)?;
        }
        Ok(connection)
    }

    /// Gives the reason where `unbind` is defined with a parameter.
    fn unbind(&self, connection: Value, reason: Option<&Reason>) -> Result<(), Error> {
        let method = (*names::UNBIND).into_id_with(self.ruby).as_raw();
        if let (Some(Reason::Resolve(words)), Some(object)) =
            (reason, RObject::from_value(connection))
        {
            object.ivar_set(*names::RESOLUTION_ERROR, words.as_str())?;
        }
        let reason = self.reason(reason)?.as_raw();
        protect(|| {
            let connection = connection.as_raw();
            // SAFETY: called with live objects, under protection: the call raises where there is no
            // such method.
            unsafe {
                let takes_reason = rb_sys::rb_obj_method_arity(connection, method) != 0;
                rb_sys::rb_funcallv(connection, method, takes_reason.into(), &reason)
            }
        })
        .map(drop)
    }

    /// The Errno class of a reason, or a subclass of EPROTO for a certificate that was refused.
    fn reason(&self, reason: Option<&Reason>) -> Result<Value, Error> {
        match reason {
            Some(Reason::Errno(code)) => self.errno(words::errno(*code)),
            Some(Reason::Resolve(_)) => self.module.const_get("ResolutionError"),
            Some(Reason::Tls(fault)) => match errors::certificate_error(*fault) {
                Some(name) => self
                    .module
                    .const_get::<_, RClass>("CertificateError")?
                    .const_get(name),
                None => self.errno(libc::EPROTO),
            },
            _ => Ok(self.ruby.qnil().as_value()),
        }
    }

    fn errno(&self, number: i32) -> Result<Value, Error> {
        let errnos: RHash = self.module.const_get("ERRNOS")?;
        Ok(errnos.get(number).unwrap_or(self.ruby.qnil().as_value()))
    }

    /// A connection's object.
    pub(crate) fn object(&self, id: Id) -> Result<Option<Value>, Error> {
        signatures::look_up(self.ruby, self.module, Table::Connections, id.as_u64())
    }

    /// What a timer calls.
    pub(crate) fn timer_object(&self, id: Id) -> Result<Option<Value>, Error> {
        signatures::look_up(self.ruby, self.module, Table::Timers, id.as_u64())
    }

    fn keep(&self, id: Id, object: Value) -> Result<(), Error> {
        signatures::store(
            self.ruby,
            self.module,
            Table::Connections,
            id.as_u64(),
            object,
        )
    }

    fn connection(&self, id: Id) -> Result<Value, Error> {
        self.object(id)?.ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, id: Id) -> Error {
        let message = format!("received an event for unknown signature {}", id.as_u64());
        errors::own(self.ruby, "ConnectionNotBound", message)
    }

    /// Gives a StandardError to the error handler. Others, and what it raises, end the loop.
    pub(crate) fn handle(&self, error: Error) -> Result<(), Error> {
        let handler: Value = self.module.ivar_get(*names::ERROR_HANDLER)?;
        if handler.is_nil() || !error.is_kind_of(self.ruby.exception_standard_error()) {
            return Err(error);
        }
        let exception = made(&error)?;
        handler
            .funcall::<_, _, Value>(*names::CALL, (exception,))
            .map(drop)
    }
}

/// Whether an object has a method, be it a private one. Unlike `respond_to?` this does not ask the
/// object, which most often has none.
///
/// # Safety
///
/// `object` is a live object, and no class that Ruby hides.
unsafe fn defines(object: VALUE, method: ID) -> bool {
    let api = rb_sys::stable_api::get_default();
    if api.special_const_p(object) {
        return false;
    }
    // SAFETY: the caller vouches for the object.
    let class = unsafe { api.rbasic_class(object) };
    // SAFETY: a live object has a class, which lives, too; nothing is called.
    class.is_some_and(|class| unsafe {
        rb_sys::rb_method_boundp(class.as_ptr() as VALUE, method, 0) != 0
    })
}

/// The exception of an error, which may have only its class and message yet.
fn made(error: &Error) -> Result<Value, Error> {
    match error.error_type() {
        magnus::error::ErrorType::Error(class, message) => {
            let class: ExceptionClass = *class;
            class.funcall("new", (message.as_ref(),))
        }
        magnus::error::ErrorType::Exception(exception) => Ok(exception.as_value()),
        magnus::error::ErrorType::Jump(_) => Err(error.clone()),
    }
}

/// Closes the IO that `EventMachine.attach` made a connection of; a plain descriptor stays open.
fn close_attached(connection: Value) -> Result<(), Error> {
    let Some(object) = RObject::from_value(connection) else {
        return Ok(());
    };
    let io: Value = object.ivar_get(*names::IO)?;
    if io.is_nil() {
        return Ok(());
    }
    if io.respond_to(*names::CLOSE, false)? && !io.funcall::<_, _, bool>(*names::IS_CLOSED, ())? {
        io.funcall::<_, _, Value>(*names::CLOSE, ())?;
    }
    Ok(())
}
