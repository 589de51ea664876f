//! TLS.

use magnus::prelude::*;
use magnus::{Error, RModule};

/// Protocol versions, as bits of the `ssl_version` parameter.
const PROTOCOLS: [(&str, i32); 6] = [
    ("EM_PROTO_SSLv2", 2),
    ("EM_PROTO_SSLv3", 4),
    ("EM_PROTO_TLSv1", 8),
    ("EM_PROTO_TLSv1_1", 16),
    ("EM_PROTO_TLSv1_2", 32),
    ("EM_PROTO_TLSv1_3", 64),
];

pub(super) fn init(module: RModule) -> Result<(), Error> {
    PROTOCOLS
        .iter()
        .try_for_each(|&(name, bit)| module.const_set(name, bit))
}
