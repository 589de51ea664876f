//! Names of methods and variables, interned once, and the module.

use std::sync::OnceLock;

use magnus::value::{LazyId, Opaque};
use magnus::{Error, RModule, Ruby};

static MODULE: OnceLock<Opaque<RModule>> = OnceLock::new();

/// Defines EventMachine.
pub(crate) fn init(ruby: &Ruby) -> Result<RModule, Error> {
    let module = ruby.define_module("EventMachine")?;
    ruby.gc_register_mark_object(module);
    Ok(ruby.get_inner(*MODULE.get_or_init(|| module.into())))
}

/// EventMachine.
pub(crate) fn module(ruby: &Ruby) -> Result<RModule, Error> {
    match MODULE.get() {
        Some(module) => Ok(ruby.get_inner(*module)),
        None => init(ruby),
    }
}

macro_rules! names {
    ($($constant:ident = $name:literal;)*) => {
        $(pub(crate) static $constant: LazyId = LazyId::new($name);)*
    };
}

names! {
    CONNS = "@conns";
    ACCEPTORS = "@acceptors";
    TIMERS = "@timers";
    ERROR_HANDLER = "@error_handler";
    REACTOR_THREAD = "@reactor_thread";
    IO = "@io";
    SIGNATURE = "@signature";
    STREAM_STATE = "@stream_state";
    CALL = "call";
    CANCEL = "cancel";
    CLOSE = "close";
    IS_CLOSED = "closed?";
    INITIALIZE = "initialize";
    NEW = "new";
    TO_F = "to_f";
    UNBIND = "unbind";
    RECEIVE_DATA = "receive_data";
    RECEIVE_EOF = "receive_eof";
    RECEIVE_ERROR = "receive_error";
    RECEIVE_IO = "receive_io";
    DESCRIPTOR_RECEIVED = "descriptor_received";
    OUTBOUND_FULL = "outbound_full";
    OUTBOUND_DRAINED = "outbound_drained";
    CONNECTION_COMPLETED = "connection_completed";
    NOTIFY_PRIORITY = "notify_priority";
    NOTIFY_READABLE = "notify_readable";
    NOTIFY_WRITABLE = "notify_writable";
    FILE_CREATED = "file_created";
    FILE_ATTRIBUTES_CHANGED = "file_attributes_changed";
    PROXY_TARGET_UNBOUND = "proxy_target_unbound";
    PROXY_COMPLETED = "proxy_completed";
    SSL_HANDSHAKE_COMPLETED = "ssl_handshake_completed";
    SSL_VERIFY_PEER = "ssl_verify_peer";
    SSL_CERTIFICATE_FOR = "ssl_certificate_for";
    RUN_HOOKS = "run_hooks";
    NAME_RESOLVED = "name_resolved";
    RESOLUTION_ERROR = "@resolution_error";
    RUN_DEFERRED_CALLBACKS = "run_deferred_callbacks";
    RUN_TIMED_CALLBACKS = "run_timed_callbacks";
    REPORT_SLOW = "report_slow";
    PUBLISH = "publish";
}
