//! What the loop calls, by the names that reports and figures have.

use em_reactor::{Event, FileChange};

use crate::hooks::Hook;

macro_rules! kinds {
    ($($kind:ident = $name:literal;)*) => {
        /// A kind of callback.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($kind,)* }

        impl Kind {
            /// All of them, in order.
            pub(super) const ALL: &'static [Self] = &[$(Self::$kind,)*];

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    Timer = "timer";
    Accept = "accept";
    Connected = "connection_completed";
    Data = "receive_data";
    InputEnded = "receive_eof";
    DatagramLost = "receive_error";
    OutboundFull = "outbound_full";
    OutboundDrained = "outbound_drained";
    Readable = "notify_readable";
    Writable = "notify_writable";
    Urgent = "notify_priority";
    ProxyTargetUnbound = "proxy_target_unbound";
    ProxyCompleted = "proxy_completed";
    ProcessExited = "process_exited";
    FileChanged = "file_changed";
    FileDeleted = "file_deleted";
    TlsEstablished = "ssl_handshake_completed";
    TlsPeerCertificate = "ssl_verify_peer";
    TlsChooseCertificate = "ssl_certificate_for";
    Descriptor = "receive_io";
    Resolved = "name_resolved";
    Unbound = "unbind";
    Tick = "next_tick";
    Result = "defer";
    Fiber = "fiber";
    BeforeWait = "before_wait";
    AfterWait = "after_wait";
    Idle = "on_idle";
    Ending = "until_idle";
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl From<&Event> for Kind {
    fn from(event: &Event) -> Self {
        match event {
            Event::TimerFired(_) => Self::Timer,
            Event::Accepted { .. } => Self::Accept,
            Event::Connected(_) => Self::Connected,
            Event::Data { .. } => Self::Data,
            Event::InputEnded(_) => Self::InputEnded,
            Event::DatagramLost { .. } => Self::DatagramLost,
            Event::OutboundFull(_) => Self::OutboundFull,
            Event::OutboundDrained(_) => Self::OutboundDrained,
            Event::Readable(_) => Self::Readable,
            Event::Writable(_) => Self::Writable,
            Event::Urgent(_) => Self::Urgent,
            Event::ProxyTargetUnbound(_) => Self::ProxyTargetUnbound,
            Event::ProxyCompleted(_) => Self::ProxyCompleted,
            Event::ProcessExited(_) => Self::ProcessExited,
            Event::FileChanged {
                change: FileChange::Deleted,
                ..
            } => Self::FileDeleted,
            Event::FileChanged { .. } => Self::FileChanged,
            Event::TlsEstablished(_) => Self::TlsEstablished,
            Event::TlsPeerCertificate { .. } => Self::TlsPeerCertificate,
            Event::TlsChooseCertificate { .. } => Self::TlsChooseCertificate,
            Event::DescriptorsOffered(_) | Event::DescriptorReceived(_) => Self::Descriptor,
            Event::Resolved { .. } => Self::Resolved,
            Event::Unbound { .. } => Self::Unbound,
        }
    }
}

impl From<Hook> for Kind {
    fn from(hook: Hook) -> Self {
        match hook {
            Hook::BeforeWait => Self::BeforeWait,
            Hook::AfterWait => Self::AfterWait,
            Hook::Idle => Self::Idle,
            Hook::Ending => Self::Ending,
        }
    }
}
