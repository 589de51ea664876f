//! TLS 1.2 and 1.3 as a state machine over byte slices: no sockets and no callbacks. Nothing
//! outside of this module knows which implementation is underneath.

mod algorithm;
mod cache;
mod calendar;
mod certificates;
mod chain;
mod ciphers;
mod config;
mod curves;
mod der;
mod describe;
#[cfg(feature = "dhe")]
mod dhe;
#[cfg(not(feature = "dhe"))]
#[path = "dhe_off.rs"]
mod dhe;
mod engine;
mod error;
mod explain;
mod extensions;
mod keys;
mod names;
mod params;
mod path;
mod peer;
mod pem;
mod provider;
mod pss;
mod received;
mod refusal;
mod resumption;
mod session;
mod sources;
mod subject;
mod tag;
mod trust;
mod verify;

pub use error::{Error, Fault};
pub use params::{Identity, PROTOCOL_TLS_1_2, PROTOCOL_TLS_1_3, Parameters, Role};
pub use session::{Session, SessionEvent};

/// What implements TLS, in a form that programs which look for OpenSSL's version can read.
pub const fn library_version() -> &'static str {
    if provider::IS_AWS_LC_RS {
        "rustls 0.23 with aws-lc-rs (API level of OpenSSL 3.0.0)"
    } else {
        "rustls 0.23 with ring (API level of OpenSSL 3.0.0)"
    }
}

/// The name of the cryptography underneath: `aws-lc-rs` or `ring`.
pub const fn provider_name() -> &'static str {
    if provider::IS_AWS_LC_RS {
        "aws-lc-rs"
    } else {
        "ring"
    }
}
